// Overrides: a scenario that is forced, a stub that is off, with what is left of them, undone one by one and all at once.

export default async ({ page, visit, until, call, api, assert }) => {
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

  // A value without a header would hold for everybody, and a count is a whole number: both are told at the field.
  const wrong = (id) => page.locator(id).evaluate((control) => control.validationMessage);
  await page.getByText('Override', { exact: true }).click();
  await page.getByLabel('of this value').fill('7');
  await page.getByRole('button', { name: 'Force this scenario' }).click();
  assert.match(await wrong('#force-header'), /everybody/);
  await page.getByLabel('of this value').fill('');
  await page.getByLabel('For so many calls').fill('1.5');
  assert.match(await wrong('#force-count'), /whole number from 1/);
  assert.deepEqual((await api('/v1/overrides')).overrides, []);
  // A header without a value: whoever sends it. Undone, the focus stays in the part.
  await page.getByLabel('For so many calls').fill('');
  await page.getByLabel('Only with the header').fill('x-user');
  await page.getByRole('button', { name: 'Force this scenario' }).click();
  await page.locator('.in-force', { hasText: 'present' }).waitFor();
  assert.deepEqual([await product(), await call('/shop/products/7', { headers: { 'x-user': 'any' } })], [200, 404]);
  await page.locator('.in-force button').click();
  await page.locator('.in-force').waitFor({ state: 'detached' });
  await until('the heading to hold the focus', () => page.evaluate(() => document.activeElement.id === 'scenario-name'));

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
  // What others undo goes by itself.
  const { overrides } = await api('/v1/overrides');
  await api('/v1/mocks/shop/overrides', { method: 'POST', body: { stub: 'product', off: true, if: { header: { 'x-off': '1' } } } });
  await until('the third', async () => (await page.locator('main .card').count()) === 3);
  const third = (await api('/v1/overrides')).overrides.find((one) => !overrides.some((other) => other.id === one.id));
  await api(`/v1/mocks/shop/overrides/${third.id}`, { method: 'DELETE' });
  await until('the third to be gone', async () => (await page.locator('main .card').count()) === 2);
  await page.getByRole('button', { name: 'Undo: create-order' }).click();
  await until('one override', async () => (await page.locator('main .card').count()) === 1);
  assert.match(await order(), /^mocked/);
  await page.getByRole('button', { name: 'Undo all' }).click();
  await page.getByRole('button', { name: 'Undo all overrides' }).click();
  await page.getByText('Nothing is overridden').waitFor();
  assert.equal(await call('/shop/products/7', { headers: { 'x-user': '7' } }), 200);
};
