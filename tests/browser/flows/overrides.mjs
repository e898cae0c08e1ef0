// Overrides: a scenario that is forced, a stub that is off, with what is left of them, undone one by one and all at once.

export default async ({ page, visit, until, call, assert }) => {
  const product = () => call('/shop/products/7');
  assert.equal(await product(), 200);
  await visit('/overrides');
  await page.getByText('Nothing is overridden').waitFor();

  await visit('/mocks/shop?stub=product&scenario=not+found');
  await page.getByText('Override', { exact: true }).click();
  await page.getByLabel('For so many calls').fill('2');
  await page.getByRole('button', { name: 'Force this scenario' }).click();
  await page.getByText('not found is forced').waitFor();
  await page.locator('.in-force', { hasText: '2 calls more' }).waitFor();
  await page.locator('.stubs .tag', { hasText: 'Forced' }).waitFor();
  assert.deepEqual([await product(), await product(), await product()], [404, 404, 200]);

  // Only for those who send a header, for an hour.
  await visit('/mocks/shop?stub=product&scenario=not+found');
  await page.getByText('Override', { exact: true }).click();
  await page.getByLabel('For', { exact: true }).selectOption('1h');
  await page.getByLabel('Only with the header').fill('x-user');
  await page.getByLabel('of this value').fill('7');
  await page.getByRole('button', { name: 'Force this scenario' }).click();
  await page.locator('.in-force', { hasText: 'only where' }).waitFor();
  assert.equal(await product(), 200);
  assert.equal(await call('/shop/products/7', { headers: { 'x-user': '7' } }), 404);

  await visit('/mocks/shop?stub=create-order');
  await page.getByText('Override', { exact: true }).click();
  await page.getByLabel('For', { exact: true }).selectOption('');
  await page.getByRole('button', { name: 'Switch the stub off' }).click();
  await page.locator('.stub .tag', { hasText: 'Off' }).waitFor();
  const order = () => fetch(`${process.env.DATA}/shop/orders`, { method: 'POST', body: '{}' }).then((answer) => answer.headers.get('standin'));
  assert.equal(await order(), null, 'it is forwarded');

  // Bad input is told with its place.
  await page.getByText('Override', { exact: true }).click();
  await page.getByLabel('Only with the header').fill('not a header');
  await page.getByRole('button', { name: 'Force this scenario' }).click();
  await page.getByRole('alert').waitFor();

  await page.getByRole('link', { name: 'Overrides', exact: true }).click();
  await until('both overrides', async () => (await page.locator('main .card').count()) === 2);
  const all = await page.locator('main').innerText();
  for (const part of ['shop / product / not found', ' more, ', 'only where', 'x-user', 'shop / create-order', 'until it is undone']) assert(all.includes(part), `${part}: ${all}`);
  await page.getByRole('button', { name: 'Undo: create-order' }).click();
  await until('one override', async () => (await page.locator('main .card').count()) === 1);
  assert.match(await order(), /^mocked/);
  await page.getByRole('button', { name: 'Undo all' }).click();
  await page.getByRole('button', { name: 'Undo all overrides' }).click();
  await page.getByText('Nothing is overridden').waitFor();
  assert.equal(await call('/shop/products/7', { headers: { 'x-user': '7' } }), 200);
};
