// Everybody's access: axe-core finds nothing serious on any page in either scheme, nothing is wider than a window of 360
// pixels, and the keyboard alone is enough.

const PAGES = ['/mocks', '/mocks/orders', '/mocks/orders?tab=server-stubs', '/mocks/orders?tab=configuration', '/calls', '/calls?misses=1', '/calls?q=nothing', '/config', '/overrides', '/usage', '/mocks/nothing'];

export default async ({ page, open, visit, until, call, serious, assert, isNarrow }) => {
  await call('/shop/products/7');
  await call('/shop/nowhere', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' });
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    const own = await open({ colorScheme });
    for (const address of PAGES) {
      await visit(address, own);
      if (address === '/mocks/orders') {
        await own.locator('#send').click();
        await own.locator('.answer .status').waitFor();
      }
      if (address === '/calls' || address === '/calls?misses=1') {
        await own.locator('.row button').first().click();
        await own.locator('.call .facts').waitFor();
        await own.getByText('More filters').click();
      }
      for (const line of await serious(own)) found.push(`${address}, ${colorScheme}: ${line}`);
      if (isNarrow) {
        await own.setViewportSize({ width: 360, height: 740 });
        const beyond = await own.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (beyond > 0) found.push(`${address}: ${beyond} pixels wider than 360`);
        await own.setViewportSize({ width: 390, height: 844 });
      }
    }
    await own.context().close();
  }
  assert.deepEqual(found, []);

  // By keys alone: past the bar to the content, to another page, whose heading is told, into a call and out of it.
  await visit('/mocks');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.getByRole('link', { name: 'Call log', exact: true }).focus();
  await page.keyboard.press('Enter');
  await until('the heading to hold the focus', () => page.evaluate(() => document.activeElement.tagName === 'H1' && document.activeElement.textContent === 'Call log'));
  assert.equal(await page.title(), 'Call log – Standin');
  await until('rows', async () => (await page.locator('.row').count()) > 2);
  const rowIsHeld = () => page.evaluate(() => Boolean(document.activeElement.closest('.row')));
  for (let at = 0; at < 30 && !await rowIsHeld(); at += 1) await page.keyboard.press('Tab');
  assert(await rowIsHeld(), 'Tab leads to the rows');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('.call .facts').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-expanded')), 'true');
  await page.keyboard.press('Enter');
  await page.locator('.call').waitFor({ state: 'detached' });
  await page.keyboard.press('Shift+Tab');
  assert.equal(await rowIsHeld(), false, 'one row of all is a stop');

  // The reader's colours go before the system's, and stay.
  await page.getByLabel('Colours').selectOption('dark');
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await background();
  await page.reload();
  await page.locator('main h1').waitFor();
  assert.equal(await background(), dark);
  await page.getByLabel('Colours').selectOption('light');
  assert.notEqual(await background(), dark);
};
