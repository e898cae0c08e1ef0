// Ten thousand calls: only the rows in sight are in the document, wherever one scrolls, and the keys reach every call.

import http from 'node:http';

const CALLS = 10_000;

/// Sends all calls over a few connections.
async function load(data) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  let at = 0;
  const one = (number) => new Promise((resolve, reject) => {
    http.get(`${data}/shop/products/${number}`, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (at < CALLS) {
      at += 1;
      await one(at);
    }
  }));
  agent.destroy();
}

export default async ({ page, visit, until, call, assert, data }) => {
  await load(data);
  await visit('/calls?live=0');
  const box = page.locator('.box');
  const drawn = () => page.locator('.row').count();
  let most = 0;
  await until('all calls to be fetched by scrolling on', async () => {
    most = Math.max(most, await drawn());
    await box.evaluate((element) => { element.scrollTop = element.scrollHeight; });
    const said = await page.locator('.title [role="status"]').innerText();
    return said === `${CALLS.toLocaleString('en')} calls`;
  });
  for (const part of [0.9, 0.5, 0.1, 0.55, 0]) {
    await box.evaluate((element, where) => { element.scrollTop = element.scrollHeight * where; }, part);
    await until('rows in sight', async () => page.locator('.row').evaluateAll((rows) => {
      const frame = document.querySelector('.box').getBoundingClientRect();
      return rows.some((row) => row.getBoundingClientRect().top < frame.bottom && row.getBoundingClientRect().bottom > frame.top + 40);
    }));
    most = Math.max(most, await drawn());
  }
  assert(most > 5 && most < 120, `${most} rows are in the document`);

  // The last call by one key, and the first by another.
  await page.locator('.row button').first().focus();
  await page.keyboard.press('End');
  await until('the first call that was made', () => page.evaluate((row) => document.activeElement.closest('.row')?.getAttribute('aria-rowindex') === row, String(CALLS + 1)));
  await page.keyboard.press('ArrowUp');
  await until('the one before', () => page.evaluate((row) => document.activeElement.closest('.row')?.getAttribute('aria-rowindex') === row, String(CALLS)));
  await page.keyboard.press('Enter');
  await page.locator('.call .facts').waitFor();
  await page.keyboard.press('Home');
  await until('the newest call', () => page.evaluate(() => document.activeElement.closest('.row')?.getAttribute('aria-rowindex') === '2'));

  // With all of them on the page, a new one comes, and the focus stays where it is.
  await page.getByRole('button', { name: 'Paused' }).click();
  await page.getByRole('button', { name: 'Live' }).waitFor();
  await page.locator('.row button').first().focus();
  const held = await page.evaluate(() => document.activeElement.title);
  assert.equal(await call('/shop/products/new'), 200);
  await page.getByRole('button', { name: '1 new call' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.title), held);
};
