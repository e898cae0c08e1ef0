// Why a call was not mocked: the closest scenarios, condition by condition, with what probably went wrong.

export default async ({ page, visit, call, until, assert }) => {
  await call('/api/orders/new', { method: 'POST', headers: { 'x-api-key': process.env.KEY, 'x-plan': 'Gold', 'content-type': 'application/json' }, body: '{"total":200}' });
  await call('/shop/product/7');
  await visit('/calls?misses=1');
  await page.locator('.row', { hasText: '/shop/product/7' }).locator('button').click();
  await page.getByText('Why was this not mocked?').waitFor();
  await page.getByText('The closest scenario').waitFor();
  await page.locator('.candidate', { hasText: 'shop / product' }).first().waitFor();
  await page.locator('.conditions .tag', { hasText: 'Fails' }).first().waitFor();
  await page.getByText('Probably:').waitFor();
  await page.getByText('How it was decided').click();
  await until('the steps', async () => (await page.locator('.steps li').count()) > 1);

  // Any other call is explained when one asks.
  await visit('/calls?mock=orders');
  await page.locator('.row button').first().click();
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('The scenario that answers, and those before it').waitFor();
  const gold = await page.locator('.candidate', { hasText: 'gold customer' }).innerText();
  for (const part of ['header x-plan', 'Fails', 'gold', 'Gold']) assert(gold.includes(part), `${part}: ${gold}`);
};
