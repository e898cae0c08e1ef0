// What the server could not send in time is told; a server that is gone is shown as such, and found again.

export default async ({ page, visit, until, assert, call }) => {
  await call('/shop/products/7');
  let asked = 0;
  await page.route('**/v1/calls/stream*', (route) => {
    asked += 1;
    return asked > 1 ? route.abort() : route.fulfill({ contentType: 'text/event-stream', body: 'retry: 50\n\nevent: missed\ndata: {"missed":7}\n\n' });
  });
  await visit('/calls');
  await page.getByText('7 calls passed too fast to be shown here').waitFor();
  await page.getByRole('button', { name: /Connecting|Not live/ }).waitFor();
  await page.unroute('**/v1/calls/stream*');
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  await page.getByRole('button', { name: 'Live' }).waitFor();
  assert.equal(await page.getByText('passed too fast').isVisible(), false);
  await call('/shop/products/8');
  await until('the new call', async () => (await page.locator('.row').count()) === 2);

  // A page of the API that does not answer says so, and how to go on.
  await page.route('**/v1/usage', (route) => route.abort());
  await page.getByRole('link', { name: 'Usage' }).click();
  await page.getByText('Standin does not answer.').waitFor();
};
