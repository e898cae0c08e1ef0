// A page of another origin calls a mock: preflight, credentials of the caller's own, and an answer that it may read.

import http from 'node:http';

export default async ({ page, visit, until, assert, data }) => {
  const server = http.createServer((_, response) => response.setHeader('content-type', 'text/html').end('<h1>A page</h1>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const answer = await page.evaluate(async (url) => {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', 'x-plan': 'gold' }, body: '{"total":200}' });
    return [response.status, await response.text()];
  }, `${data}/shop/orders`);
  server.close();
  server.closeAllConnections();
  assert.deepEqual(answer, [201, '{"id":1,"discount":"10%"}']);
  await visit('/calls');
  await until('the preflight and the call', async () => (await page.locator('.row').count()) === 2);
  assert((await page.locator('.rows').innerText()).includes('Preflight'));
};
