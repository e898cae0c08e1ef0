// A read-only listener: controls that change something rest, and the page says why.

export default async ({ page, visit, call, assert }) => {
  await call('/shop/products/7');
  for (const [address, name] of [['/calls', 'Delete'], ['/config', 'Reload now'], ['/mocks/shop?stub=product', 'Send'], ['/mocks/shop?stub=product', 'Test response']]) {
    await visit(address);
    await page.getByText('Read-only', { exact: true }).waitFor();
    const button = page.getByRole('button', { name, exact: true });
    await button.waitFor();
    assert(await button.isDisabled(), name);
    assert.match(await button.getAttribute('title'), /read_only/);
  }
  await page.getByText('Nothing can be changed here: admin.read_only is set.').first().waitFor();
  await visit('/config');
  await page.getByRole('button', { name: 'Check the files' }).click();
  await page.getByText('The files are valid.').waitFor();
};
