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

  // A page that nobody sees holds no connection; seen again, it has what passed meanwhile.
  const seen = (isSeen) => page.evaluate((isHidden) => {
    Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, !isSeen);
  await seen(false);
  await call('/shop/products/9');
  await seen(true);
  await until('what passed meanwhile', async () => (await page.locator('.row').count()) === 3);

  // A stream that is refused, and a list that cannot be had, are asked for again without anybody's help.
  await page.route('**/v1/calls/stream*', (route) => route.fulfill({ status: 400, contentType: 'application/problem+json', body: '{}' }));
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  await page.getByRole('button', { name: 'Not live' }).waitFor();
  await page.unroute('**/v1/calls/stream*');
  await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
  await page.route('**/v1/calls?*', (route) => route.abort());
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  await page.getByText('Standin does not answer.').waitFor();
  await page.getByRole('button', { name: 'Not live' }).waitFor();
  await page.unroute('**/v1/calls?*');
  await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
  await until('the calls again', async () => (await page.locator('.row').count()) === 3);
  assert.equal(await page.getByText('Standin does not answer.').count(), 0);

  // A page of the API that does not answer says so, and how to go on.
  await page.route('**/v1/usage', (route) => route.abort());
  await page.getByRole('link', { name: 'Usage' }).click();
  await page.getByText('Standin does not answer.').waitFor();
  await page.unroute('**/v1/usage');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Counted since').waitFor();
  await visit('/mocks/%zz');
  await page.getByText('There is no such page').waitFor();
};
