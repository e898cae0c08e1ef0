// Test Response: the request shown and edited, what came back, who answered, and the way to the call.

export default async ({ page, visit, until, assert }) => {
  await visit('/mocks/orders?stub=create-order&scenario=gold+customer');
  const test = page.locator('.test');
  assert.equal(await test.getByLabel('Path and query').inputValue(), '/api/orders/1');
  const value = (name) => test.locator('.pairs li').filter({ has: page.locator(`input[aria-label="Header name"]`) }).evaluateAll((rows, wanted) =>
    rows.map((row) => [...row.querySelectorAll('input')].map((input) => input.value)).find(([own]) => own === wanted)?.[1], name);
  assert.equal(await value('x-plan'), 'gold');
  assert.equal(await value('x-api-key'), '[redacted]');

  await page.locator('#test').click();
  await test.getByText('This scenario answered.').waitFor();
  const answer = await test.locator('.answer').innerText();
  for (const part of ['201', ' ms', 'content-type', 'application/json', '"discount": "10%"']) assert(answer.includes(part), `${part}: ${answer}`);
  assert(!(await page.content()).includes(process.env.KEY), 'the key is not on the page');

  // Edited, another scenario answers, and the page says which.
  const rows = test.locator('.pairs li');
  const at = await rows.evaluateAll((all) => all.findIndex((row) => row.querySelector('input').value === 'x-plan'));
  await rows.nth(at).getByLabel('Header value').fill('silver');
  await test.getByRole('button', { name: 'Send' }).click();
  await test.getByText('Another than this scenario answered').waitFor();
  assert((await test.locator('.answer .notice').innerText()).includes('orders / create-order / default'));
  await test.getByLabel('Path and query').fill('/elsewhere');
  await test.getByLabel('Path and query').press('Enter');
  await until('the answer of the upstream', async () => (await test.locator('.answer .notice').innerText()).includes('Forwarded'));

  await test.getByRole('button', { name: 'Copy as curl' }).click();
  await until('the command to be copied', async () => (await page.evaluate(() => navigator.clipboard.readText())).startsWith("curl -X POST 'http://127.0.0.1:"));

  // A request that is none is refused with its reason.
  await test.getByLabel('Path and query').fill('elsewhere');
  await test.getByRole('button', { name: 'Send' }).click();
  await test.getByRole('alert').waitFor();
  await test.getByLabel('Path and query').fill('/api/orders/1');
  await test.getByRole('button', { name: 'Send' }).click();
  await test.getByRole('link', { name: 'In the call log' }).click();
  await page.getByRole('heading', { level: 1, name: 'Call log' }).waitFor();
  await page.locator('.row.open').waitFor();
  await page.locator('.call').getByText('silver').waitFor();
};
