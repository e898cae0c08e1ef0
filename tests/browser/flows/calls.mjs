// The call log: time, method, path, scenario; headers and bodies; filters in the address; live; export; deletion.

import fs from 'node:fs';
import http from 'node:http';

export default async ({ page, open, visit, until, call, api, assert, isNarrow, data }) => {
  await visit('/calls');
  await page.getByText('No calls yet').waitFor();
  const gold = { method: 'POST', headers: { 'x-api-key': process.env.KEY, 'x-plan': 'gold', 'content-type': 'application/json' }, body: '{"total":200,"big":12345678901234567890}' };
  const shown = page.locator('.row');

  // The first call appears by itself, where there was nothing.
  assert.equal(await call('/api/orders/new', gold), 201);
  await until('the call to appear by itself', async () => (await shown.count()) === 1);
  const text = await shown.first().innerText();
  for (const part of ['201', 'POST', '/api/orders/new', 'Mocked', 'orders / create-order / gold customer']) assert(text.includes(part), `${part}: ${text}`);
  assert.match(text, /\d\d:\d\d:\d\d/);

  await call('/shop/products/7');
  await call('/shop/products/0');
  await call('/shop/nowhere', { method: 'POST', body: 'a needle in the body' });
  await call('/api/logo.png', { headers: { 'x-api-key': process.env.KEY } });
  await until('five calls', async () => (await shown.count()) === 5);

  // Request and response with headers and bodies, side by side where there is room.
  const row = (path) => shown.filter({ hasText: path });
  await row('/api/orders/new').locator('button').click();
  const call1 = page.locator('.call');
  await call1.getByRole('heading', { name: 'Response' }).waitFor();
  const [request, response] = [call1.locator('.side-of').first(), call1.locator('.side-of').last()];
  assert((await request.innerText()).includes('"big": 12345678901234567890'), 'numbers keep their digits');
  assert((await request.innerText()).includes('[redacted]') && !(await page.content()).includes(process.env.KEY));
  assert((await response.innerText()).includes('"discount": "10%"'));
  const [left, right] = [await request.boundingBox(), await response.boundingBox()];
  assert(isNarrow ? right.y >= left.y + left.height : right.x >= left.x + left.width && right.y === left.y, JSON.stringify([left, right]));
  await request.getByText('Raw').click();
  assert((await request.locator('.code').innerText()).includes('{"total":200,"big"'));
  await row('/api/orders/new').locator('button').click();
  await call1.waitFor({ state: 'detached' });
  await row('logo.png').locator('button').click();
  await page.locator('.call .picture').waitFor();
  await page.getByText('Binary, 70 B').waitFor();
  await row('logo.png').locator('button').click();

  // Filters: by scenario, by text in a body, by more than one; the address is the view.
  await page.getByLabel('Scenario').fill('not found');
  await until('the calls of a scenario', async () => (await shown.count()) === 1 && (await shown.innerText()).includes('/shop/products/0'));
  await page.getByRole('button', { name: 'Scenario: not found' }).click();
  await until('all calls again', async () => (await shown.count()) === 5);
  await page.getByLabel('Search', { exact: true }).fill('NEEDLE');
  await until('the call with that body', async () => (await shown.count()) === 1 && (await shown.innerText()).includes('/shop/nowhere'));
  await page.getByText('More filters').click();
  await page.getByLabel('Method').selectOption('POST');
  await until('the address', () => page.url().includes('q=NEEDLE') && page.url().includes('method=POST'));
  const other = await open();
  await visit(new URL(page.url()).pathname + new URL(page.url()).search, other);
  await until('the same view', async () => (await other.locator('.row').count()) === 1);
  assert.equal(await other.getByLabel('Search', { exact: true }).inputValue(), 'NEEDLE');
  await other.context().close();
  await page.getByLabel('Method').selectOption('DELETE');
  await page.getByText('No call fits these filters').waitFor();
  await page.getByRole('button', { name: 'Remove all' }).click();
  await until('all calls again', async () => (await shown.count()) === 5);

  // A filter that the API refuses is told with its help.
  await visit('/calls?status=9');
  await page.getByRole('alert').waitFor();

  // Misses, with the reason in words.
  await visit('/calls?misses=1');
  await until('the miss', async () => (await shown.count()) === 1);
  await shown.first().locator('button').click();
  await page.getByText('Why was this not mocked?').waitFor();
  await until('the address of the call', () => page.url().includes('open='));
  await page.reload();
  await page.getByText('Why was this not mocked?').waitFor();

  // Paused, nothing comes; live again, all of it.
  await visit('/calls');
  await until('five calls', async () => (await shown.count()) === 5);
  await page.getByRole('button', { name: 'Live' }).click();
  await until('the address', () => page.url().includes('live=0'));
  await call('/shop/products/8');
  await until('the call to be in the log', async () => (await api('/v1/calls')).calls.length === 6);
  assert.equal(await shown.count(), 5);
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  await until('the sixth call', async () => (await shown.count()) === 6);
  await page.getByRole('button', { name: 'Paused' }).click();
  await page.getByRole('button', { name: 'Live' }).waitFor();
  await call('/shop/products/9');
  await until('the seventh call by itself', async () => (await shown.count()) === 7);

  // What is read does not move when calls come: they are announced.
  await row('/shop/products/9').locator('button').click();
  await page.locator('.call .facts').waitFor();
  const before = (await page.locator('.row.open').boundingBox()).y;
  await call('/shop/products/10');
  await page.getByRole('button', { name: '1 new call' }).waitFor();
  assert.equal(Math.round((await page.locator('.row.open').boundingBox()).y), Math.round(before));
  await page.getByRole('button', { name: '1 new call' }).click();
  await until('the new call in sight', () => row('/shop/products/10').isVisible());

  // Export, and deletion after a question.
  const download = async (name) => {
    await page.getByText('Export').click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
    await page.keyboard.press('Escape');
    return fs.readFileSync(await file.path(), 'utf8');
  };
  const lines = (await download('JSON lines')).trim().split('\n');
  assert.equal(lines.length, 8);
  assert(JSON.parse(lines[0]).request.headers.length > 0);
  assert.equal(JSON.parse(await download('HTTP archive')).log.entries.length, 8);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await api('/v1/calls')).calls.length, 8);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete all calls' }).click();
  await page.getByText('8 calls deleted').waitFor();
  await page.getByText('No calls yet').waitFor();

  // A call under way ends in its row and below it.
  const held = http.request(`${data}/shop/orders`, { method: 'POST', headers: { 'content-length': 2 } });
  held.on('response', (response) => response.resume());
  held.flushHeaders();
  await until('the call to be under way', async () => (await api('/v1/calls')).calls[0]?.duration_us === null);
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  await row('/shop/orders').locator('button').click();
  await page.locator('.call .facts').getByText('under way').waitFor();
  held.end('{}');
  await row('/shop/orders').locator('.status', { hasText: '201' }).waitFor();
  await page.locator('.call .facts').getByText('under way').waitFor({ state: 'detached' });
  await row('/shop/orders').locator('button').click();

  // Whatever the method is, it is seen; where there was no body, none is missed; the command can be run.
  // Refreshed, the list is at its top, and no announcement lies over a row.
  const refreshed = async () => {
    await page.getByRole('button', { name: 'Refresh', exact: true }).click();
    await page.getByRole('button', { name: /new call/ }).waitFor({ state: 'hidden' });
  };
  await call('/shop/products/7', { method: 'HEAD' });
  await until('the call to be in the log', async () => (await api('/v1/calls')).calls.length === 2);
  await refreshed();
  await row('/shop/products/7').locator('.method', { hasText: 'HEAD' }).waitFor();
  await row('/shop/products/7').locator('button').click();
  await until('both sides to have no body', async () => (await page.locator('.side-of').getByText('No body.').count()) === 2);
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  await until('the command', async () => (await page.evaluate(() => navigator.clipboard.readText())).startsWith("curl -I 'http"));
  await row('/shop/products/7').locator('button').click();

  // What only begins like JSON is shown as it came; of several documents each has its line.
  const json = { 'content-type': 'application/json' };
  for (const [path, body, shownAs] of [['/shop/note', '[note] hello brave  new world', '[note] hello brave  new world'], ['/shop/lines', '{"a":1}\n{"b":[]}\n', '{"a": 1}\n{"b": []}']]) {
    await call(path, { method: 'POST', headers: json, body });
    await until('the call to be in the log', async () => (await api('/v1/calls')).calls[0].path === path);
    await refreshed();
    await row(path).locator('button').click();
    const code = page.locator('.call .side-of').first().locator('.code');
    await code.waitFor();
    assert.equal(await code.innerText(), shownAs);
    await row(path).locator('button').click();
  }
};
