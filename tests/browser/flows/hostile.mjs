// What callers send stays text: no path, header or body becomes markup or a script.

export default async ({ page, visit, until, call, means, assert }) => {
  const evil = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>';
  const headers = { 'content-type': 'application/json', 'x-evil': evil, 'user-agent': evil };
  await call(`/shop/${encodeURIComponent(evil)}?q=${encodeURIComponent(evil)}`, { method: 'POST', headers, body: JSON.stringify({ [evil]: evil }) });
  await call("/shop/javascript:alert(1)?'\"<b>", { headers });
  for (const address of ['/calls', `/calls?q=${encodeURIComponent(evil)}`, `/calls?mock=${encodeURIComponent(evil)}`, `/mocks?q=${encodeURIComponent(evil)}`, `/mocks/${encodeURIComponent(evil)}`, `/mocks/shop?stub=${encodeURIComponent(evil)}`]) await visit(address);
  await visit('/calls');
  await until('both calls', async () => (await page.locator('.row').count()) === 2);
  await page.locator('.row button').last().click();
  await page.getByText('window.evil=1').first().waitFor();
  await page.locator('.call .side-of').first().getByText('Raw').click();
  assert.equal(await page.evaluate(() => window.evil), undefined);
  assert.equal(await page.locator('main img[src="x"], main script').count(), 0);
  // A body that would be indented for ever is shown as far as it goes.
  await call('/shop/deep', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '['.repeat(60_000) });
  await page.locator('.row', { hasText: '/shop/deep' }).locator('button').click();
  await until('the deep body', async () => (await page.locator('.call .code').allTextContents()).some((text) => /^\[{1000,}$/.test(text.replace(/\s/g, '')) && text.length < 1_100_000));
  // Even what does get in is stopped: the policy of the listener allows no script but its files.
  means('Content Security Policy');
  const said = page.waitForEvent('console', (message) => message.text().includes('Content Security Policy'));
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.evil = 2';
    document.body.append(script);
  });
  await said;
  assert.equal(await page.evaluate(() => window.evil), undefined);
};
