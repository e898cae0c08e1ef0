// Usage: how often what was called, by mock, stub and scenario.

export default async ({ page, visit, until, call, api, assert }) => {
  await visit('/usage');
  await page.getByText('Nothing was called yet').waitFor();
  const orders = page.locator('.use', { has: page.getByRole('link', { name: 'orders' }) });
  assert((await orders.innerText()).includes('0 of 1,000 calls a day'));
  for (const target of ['/shop/products/7', '/shop/products/8', '/shop/products/0', '/elsewhere']) await call(target);
  await call('/api/orders/new', { method: 'POST', headers: { 'x-api-key': process.env.KEY }, body: '{}' });
  await until('the calls to be counted', async () => (await api('/v1/usage')).calls === 5);
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  const shop = page.locator('.use', { has: page.getByRole('link', { name: 'shop' }) });
  await shop.waitFor();
  assert((await shop.innerText()).includes('3 today, 3 since the start'));
  assert((await orders.innerText()).includes('1 of 1,000 calls a day'));
  assert.equal(await orders.getByRole('progressbar').getAttribute('value'), '1');
  assert((await page.locator('.use').first().innerText()).includes('No mock'));
  await shop.getByText('By stub and scenario').click();
  await shop.getByRole('row', { name: /not found 1 1/ }).waitFor();
  await shop.getByRole('row', { name: /product 3 3/ }).waitFor();
  await page.getByRole('link', { name: 'shop' }).click();
  await page.getByText('3 today, 3 since the start').waitFor();
};
