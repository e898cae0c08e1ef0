// Mocks with their endpoint stubs, scenarios and server stubs; copying the URL; details.

export default async ({ page, visit, until, call, assert, admin, data }) => {
  assert.equal(await call('/shop/products/7'), 200);
  await page.goto(admin);
  await until('the first page to be the mocks', () => new URL(page.url()).pathname === '/mocks');
  const card = (name) => page.locator('.mock', { has: page.getByRole('link', { name, exact: true }) });
  await card('shop').waitFor();
  assert.deepEqual(await page.locator('.mock h2').allInnerTexts(), ['orders', 'shop']);
  const shop = await card('shop').innerText();
  for (const part of [`${data}/shop`, '5 stubs', '8 scenarios', '1 server stub', '1 call today', 'Public']) assert(shop.includes(part), `${part}: ${shop}`);
  assert((await card('orders').innerText()).includes('Private'));

  await card('shop').getByRole('button', { name: 'Copy the URL of shop' }).click();
  await page.getByText('Copied the URL of shop').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, `${data}/shop`);
  assert.equal((await fetch(`${copied}/products/7`)).status, 200);

  await page.getByLabel('Search mocks').fill('ord');
  await until('one mock to be left', async () => (await page.locator('.mock').count()) === 1);
  await until('the search to be in the address', () => page.url().endsWith('?q=ord'));
  await page.reload();
  await card('orders').waitFor();
  assert.equal(await page.locator('.mock').count(), 1, 'a shared address shows the same');

  await page.getByLabel('Search mocks').fill('nothing like this');
  await page.getByText('No mock fits this search').waitFor();
  await page.getByRole('button', { name: 'Show all mocks' }).click();
  await until('all mocks', async () => (await page.locator('.mock').count()) === 2);

  await card('orders').getByRole('link', { name: 'orders', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor();
  const facts = await page.locator('main .facts').first().innerText();
  for (const part of ['Private: x-api-key, 1 key', 'That of the proxy', 'Any origin', 'Strict']) assert(facts.includes(part), `${part}: ${facts}`);
  assert.equal(await page.locator('.stub .path').first().innerText(), '/api/orders/{kind}');
  assert.deepEqual(await page.locator('.stubs > li:first-child .name').allInnerTexts(), ['gold customer', 'refused', 'default']);

  await page.getByRole('link', { name: 'refused' }).click();
  await page.getByRole('heading', { level: 2, name: 'refused' }).waitFor();
  assert((await page.locator('.when').first().innerText()).includes('query refuse is present'));
  assert((await page.locator('.pane .code').first().innerText()).includes('"error": "no"'));
  await page.reload();
  await page.getByRole('heading', { level: 2, name: 'refused' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { level: 2, name: 'gold customer' }).waitFor();

  await page.getByLabel('Search stubs').fill('logo');
  await until('one stub to be left', async () => (await page.locator('.stubs > li').count()) === 1);
  await page.getByLabel('Search stubs').fill('nothing like this');
  await page.getByText('No stub of this mock has that').waitFor();
  // The tab leads to all of them again, and Back to the search.
  await until('the search to be in the address', () => page.url().includes('q=nothing'));
  await page.getByRole('link', { name: 'Stubs', exact: false }).first().click();
  await until('all stubs', async () => (await page.locator('.stubs > li').count()) === 2);
  await page.goBack();
  await page.getByText('No stub of this mock has that').waitFor();

  // An address of what is gone says so.
  await visit('/mocks/orders?stub=create-order&scenario=silver');
  await page.getByRole('alert').getByText('has no scenario silver any more').waitFor();
  await visit('/mocks/orders?stub=gone');
  await page.getByRole('alert').getByText('has no stub gone any more').waitFor();

  // What is clicked last is shown, however long the one before takes.
  await visit('/mocks/orders');
  let late = null;
  await page.route('**/scenarios/refused/request', (route) => { late = route; });
  await page.getByRole('link', { name: 'refused' }).click();
  await until('the first to be asked for', () => late);
  await page.locator('.stubs > li:first-child a', { hasText: 'default' }).click();
  await page.getByRole('heading', { level: 2, name: 'default' }).waitFor();
  const answered = page.waitForResponse('**/scenarios/refused/request');
  await late.continue();
  await answered;
  await page.evaluate(() => new Promise((resolve) => { setTimeout(() => requestAnimationFrame(resolve)); }));
  assert.equal(await page.locator('#scenario-name').innerText(), 'default');

  await page.getByRole('link', { name: 'Server stubs' }).click();
  await page.getByRole('heading', { level: 2, name: 'down' }).waitFor();
  await page.getByText('Headers and body').click();
  await page.getByText('"down for planned work"').waitFor();

  await visit('/mocks/ordres');
  await page.getByText('did you mean orders?').waitFor();
};
