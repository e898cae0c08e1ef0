// The configuration of a mock takes effect at once: access, delay, server stub, environment; and is undone one by one.

export default async ({ page, visit, until, call, api, assert }) => {
  const key = { 'x-api-key': process.env.KEY };
  const order = (headers = {}) => call('/api/orders/new', { method: 'POST', headers, body: '{}' });
  assert.equal(await order(), 401);
  await visit('/mocks/orders?tab=configuration');
  await page.getByLabel('Public').check();
  await page.getByText('orders needs no key any more').waitFor();
  assert.equal(await order(), 201);
  await page.locator('.badges', { hasText: 'Public' }).first().waitFor();
  assert(await page.getByLabel('Public').evaluate((radio) => radio === document.activeElement), 'the focus stays');

  // Delays: none, the two of mobile networks, and one's own.
  const delay = page.getByLabel('Before each answer');
  assert.equal(await delay.inputValue(), '3g');
  for (const [word, shown] of [['2g', '300ms'], ['3g', '100ms'], ['', null]]) {
    await delay.selectOption(word);
    await until(`a delay of ${shown}`, async () => (await api('/v1/mocks/orders')).delay === shown);
  }
  await delay.selectOption('custom');
  await page.getByLabel('Milliseconds').fill('7');
  await page.getByRole('button', { name: 'Apply' }).click();
  await until('seven milliseconds', async () => (await api('/v1/mocks/orders')).delay === '7ms');
  await order(key);
  await until('the call to say so', async () => (await api('/v1/calls?limit=1')).calls[0]?.duration_us?.delay >= 7000);

  // Whole seconds are milliseconds here too; an empty box is refused at the box, and the button keeps the focus.
  await page.getByLabel('Milliseconds').fill('2000');
  await page.getByRole('button', { name: 'Apply' }).click();
  await until('two seconds', async () => (await api('/v1/mocks/orders')).delay === '2s');
  await page.getByText('Answers wait 2000 ms now').waitFor();
  assert.equal(await page.getByLabel('Milliseconds').inputValue(), '2000');
  await until('the focus to stay', () => page.evaluate(() => document.activeElement.id === 'apply-delay'));
  await page.getByLabel('Milliseconds').fill('');
  await page.getByRole('button', { name: 'Apply' }).click();
  assert(await page.getByLabel('Milliseconds').evaluate((box) => box.validity.valueMissing));
  await page.getByLabel('Milliseconds').fill('7');
  await page.getByRole('button', { name: 'Apply' }).click();
  await until('seven milliseconds again', async () => (await api('/v1/mocks/orders')).delay === '7ms');
  await page.getByText('Answers wait 7 ms now').last().waitFor();

  // The server stub, from here and from its own tab.
  await page.getByLabel('Answers in place of the stubs').selectOption('down');
  await page.getByText('down answers now').waitFor();
  assert.equal(await order(), 503);
  await page.getByRole('link', { name: 'Server stubs' }).click();
  await page.getByRole('button', { name: 'Deactivate' }).click();
  await page.getByRole('button', { name: 'Activate' }).waitFor();
  await until('the focus to stay', () => page.evaluate(() => document.activeElement.textContent === 'Activate'));
  assert.equal(await order(), 201);

  // Each is undone by itself; the files stay as they are.
  await page.getByRole('link', { name: 'Configuration' }).last().click();
  const delays = page.locator('fieldset', { hasText: 'Before each answer' });
  await delays.getByText('Changed here').waitFor();
  await delays.getByRole('button', { name: 'Undo: Delay' }).click();
  await until('the delay of the file', async () => (await api('/v1/mocks/orders')).delay === '100ms');
  await page.getByRole('button', { name: 'Undo: Access' }).click();
  await until('the access of the file', async () => (await order()) === 401);
  // The page has drawn what came of it: what is pressed before would be drawn over.
  await page.getByRole('button', { name: 'Undo: Access' }).waitFor({ state: 'detached' });

  // Somebody else was faster: the page says so, shows what is in force, and loses nothing.
  await page.route('**/v1/mocks/orders', (route) => (route.request().method() === 'PATCH' ? route.continue({ headers: { ...route.request().headers(), 'if-match': '"old"' } }) : route.continue()));
  await page.getByLabel('Public').check();
  await page.getByRole('alert').getByText('This change was not made.').waitFor();
  await until('the control to show what is in force', () => page.getByLabel('Private').isChecked());
  await page.unroute('**/v1/mocks/orders');

  // Environment and release make a new generation.
  const city = async () => (await (await fetch(`${process.env.DATA}/shop/branches/7`)).json()).city;
  assert.equal(await city(), 'Berlin');
  await visit('/mocks/shop?tab=configuration');
  await page.locator('#environment').selectOption('london');
  await page.getByText('Environment: london').waitFor();
  assert.equal(await city(), 'London');
  await until('the environment on the page', async () => (await page.locator('main .facts').first().innerText()).includes('Environment\nlondon'));
  await page.getByText('This mock has no releases.').waitFor();
};
