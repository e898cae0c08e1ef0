// Signing in where a token is needed: once, back to where one was, and out again.

export default async ({ page, until, api, call, assert, admin, token }) => {
  await call('/shop/products/7');
  await page.goto(`${admin}/calls?method=GET`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Mocks' }).count(), 0, 'nothing is offered before');
  await page.getByLabel('Token').fill('a wrong one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This is not the token.').waitFor();
  await page.getByLabel('Token').fill(token);
  await page.keyboard.press('Enter');
  await page.locator('.row').waitFor();
  assert(page.url().endsWith('/calls?method=GET'), page.url());
  await page.getByRole('button', { name: 'Live' }).waitFor();

  const [cookie] = await page.context().cookies();
  assert(cookie.httpOnly && cookie.sameSite === 'Strict', JSON.stringify(cookie));
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert(!kept.includes(token), 'the token is kept nowhere');
  await page.reload();
  await page.locator('.row').waitFor();

  // A sign-in that is over, found when something is asked for, leads back to the same page.
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  await page.getByText('Your sign-in is over.').waitFor();
  await page.getByLabel('Token').fill(token);
  await page.keyboard.press('Enter');
  await page.locator('.row').waitFor();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.locator('.row').count(), 0);
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await until('the log as it was', async () => (await api('/v1/calls')).calls.length === 1);
};
