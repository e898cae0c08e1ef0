// Configuration: the generation, the report of the last attempt, checking and reloading.

export default async ({ page, visit, until, api, assert, write, read }) => {
  const good = read('standin.toml');
  await visit('/config');
  const facts = page.locator('.facts');
  await until('the generation', async () => (await facts.innerText()).includes('Generation\n1'));
  await page.getByRole('button', { name: 'Check the files' }).click();
  await page.getByText('The files are valid.').waitFor();

  write('standin.toml', `${good}\n[[stub]]\nmatch = "GET /new"\nstaus = 201\n`);
  await page.getByRole('button', { name: 'Check the files' }).click();
  await page.getByText('A reload would be refused: 1 error.').waitFor();
  const found = await page.locator('.problems').first().innerText();
  for (const part of ['unknown key', 'unknown-key', 'standin.toml:', 'did you mean status?']) assert(found.includes(part), `${part}: ${found}`);
  await page.getByRole('button', { name: 'Reload now' }).click();
  await page.getByText('Generation 1 stays in force').waitFor();
  await until('the report', async () => (await page.locator('pre.report').first().innerText()).includes('^^^^^'));

  write('standin.toml', `${good}\n[[stub]]\nmatch = "GET /new"\nstatus = 201\n`);
  await page.getByRole('button', { name: 'Reload now' }).click();
  await until('the next generation', async () => (await facts.innerText()).includes('Generation\n2'));
  await page.getByText('A reload would be refused').waitFor({ state: 'detached' });
  assert((await facts.innerText()).includes('1 added'));
  assert.equal((await api('/v1/config')).generation, 2);

  // What the watcher loads by itself is shown by itself.
  write('standin.toml', good);
  await until('the third generation', async () => (await facts.innerText()).includes('Generation\n3'));
};
