// Pictures of the UI for the README, of a sidecar that has had some calls.

import fs from 'node:fs';
import path from 'node:path';

const TARGET = new URL('../screenshots/', import.meta.url).pathname;
/// How large a picture may be, bytes.
const MOST = 200_000;

export default async ({ open, visit, call, assert }) => {
  fs.mkdirSync(TARGET, { recursive: true });
  const key = { 'x-api-key': process.env.KEY, 'content-type': 'application/json' };
  for (let at = 0; at < 3; at += 1) {
    await call('/shop/products?sort=price');
    await call(`/shop/products/${at}`);
    await call('/api/orders/book', { method: 'POST', headers: { ...key, 'x-plan': 'gold' }, body: '{"total":200,"customer":{"name":"Ada","city":"London"}}' });
    await call('/api/orders/book', { method: 'POST', headers: key, body: '{"total":20}' });
    await call('/invoices/7');
    await call('/shop/product/7');
    await call('/api/orders/book', { method: 'POST', body: '{}' });
  }
  const shot = async (name, address, { colorScheme = 'light', before = async () => {} } = {}) => {
    const page = await open({ colorScheme, viewport: { width: 1200, height: 760 } });
    await visit(address, page);
    await before(page);
    await page.mouse.move(0, 0);
    const file = path.join(TARGET, `${name}.png`);
    await page.screenshot({ path: file, scale: 'css' });
    assert(fs.statSync(file).size < MOST, `${name} has ${fs.statSync(file).size} bytes`);
    await page.context().close();
  };
  await shot('scenario', '/mocks/orders?stub=create-order&scenario=gold+customer');
  await shot('test', '/mocks/orders?stub=create-order&scenario=gold+customer', {
    before: async (page) => {
      await page.locator('#test').click();
      await page.getByText('This scenario answered.').waitFor();
    },
  });
  const opened = (path) => ({
    before: async (page) => {
      await page.locator('.row', { hasText: path }).first().locator('button').click();
      await page.locator('.call .facts').waitFor();
    },
  });
  await shot('calls', '/calls', { colorScheme: 'dark', ...opened('/shop/product/7') });
};
