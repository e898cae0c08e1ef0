// Runs one flow in a headless Chromium: `node run.mjs FLOW`. Where the sidecar is, and how large the window, stands in
// the environment. Nothing waits for a time: everything waits for a state, for as long as a slow machine needs.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const { ADMIN, DATA, DIR, TOOLS, TOKEN, WIDTH = '1280', HEIGHT = '800' } = process.env;
const require = createRequire(path.join(TOOLS, 'here.js'));
const { chromium } = require('playwright-core');
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/// How long something that must happen may take, milliseconds.
const PATIENCE = 60_000;
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

function program() {
  const names = (process.env.PATH ?? '').split(':').map((folder) => path.join(folder, 'chromium'));
  const found = names.find((name) => fs.existsSync(name));
  assert(found, 'there is no chromium: run `.ci/install test`, as `make test` does');
  return found;
}

/// Waits until a function gives something that is true, and gives it.
export async function until(what, look) {
  const end = Date.now() + PATIENCE;
  let last;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited in vain for ${what}${last ? `: ${last.message}` : ''}`);
}

/// Calls the data port, and gives the status.
export async function call(target, { method = 'GET', headers = {}, body } = {}) {
  const response = await fetch(DATA + target, { method, headers, body });
  await response.arrayBuffer();
  return response.status;
}

/// Asks the API.
export async function api(target, { method = 'GET', body } = {}) {
  const headers = { 'content-type': 'application/json', ...(TOKEN ? { authorization: `Bearer ${TOKEN}` } : {}) };
  const response = await fetch(ADMIN + target, { method, headers, body: body && JSON.stringify(body) });
  return response.status === 204 ? null : response.json();
}

/// What axe-core finds, as lines; only what is serious.
async function serious(page) {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  assert(passes.length > 10, 'axe has looked at something');
  return violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => `${one.id} at ${node.target.join(' ')}: ${node.failureSummary}`));
}

async function main(name) {
  const { default: flow } = await import(`./flows/${name}.mjs`);
  const browser = await chromium.launch({ executablePath: program(), args: FLAGS });
  const wrong = [];
  const meant = [];
  /// A page in a profile of its own; what goes wrong in it fails the flow.
  const open = async (options = {}) => {
    const context = await browser.newContext({
      viewport: { width: Number(WIDTH), height: Number(HEIGHT) }, reducedMotion: 'reduce', locale: 'en', acceptDownloads: true,
      permissions: ['clipboard-read', 'clipboard-write'], ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    page.on('pageerror', (error) => wrong.push(error.stack ?? error.message));
    page.on('console', (message) => {
      // Chromium notes each refusal of a request; the page is what is tested.
      const text = message.text();
      if (message.type() === 'error' && !text.startsWith('Failed to load resource') && !meant.some((part) => text.includes(part))) wrong.push(text);
    });
    return page;
  };
  const page = await open();
  try {
    await flow({
      page, open, until, call, api, serious, assert, admin: ADMIN, data: DATA, dir: DIR, token: TOKEN, isNarrow: Number(WIDTH) < 900,
      /// Errors of the page with this text are meant to happen.
      means: (text) => meant.push(text),
      /// Goes to an address of the UI, and waits until its page is there.
      visit: async (address, on = page) => {
        await on.goto(ADMIN + address);
        await on.locator('main h1').waitFor();
        await on.locator('.loading').waitFor({ state: 'detached' });
      },
      write: (file, text) => {
        fs.writeFileSync(path.join(DIR, `${file}.aside`), text);
        fs.renameSync(path.join(DIR, `${file}.aside`), path.join(DIR, file));
      },
      read: (file) => fs.readFileSync(path.join(DIR, file), 'utf8'),
    });
    assert.deepEqual(wrong, [], 'errors in the page');
  } catch (error) {
    console.error(error.stack);
    console.error(`at ${page.url()}:\n${await page.locator('body').innerText().catch(() => '')}`);
    console.error(wrong.join('\n'));
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

await main(process.argv[2]);
