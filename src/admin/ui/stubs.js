// The stubs of a mock with their scenarios beside the one that is looked at.

import { all, get, path, withQuery } from './api.js';
import { h, land, replace, settled } from './dom.js';
import { encoded, number, plural, readable } from './format.js';
import { ofMock, touches } from './overrides.js';
import { empty, method, refusal, status, tag } from './parts.js';
import { keep } from './route.js';
import { scenario } from './scenario.js';

/// How many stubs are fetched at a time.
const PAGE = 100;

const NOTHING = () => empty('This mock has no stubs',
  h('p', {}, 'Add one to its file and save; Standin reloads it by itself:'),
  h('pre', {}, '[[stub]]\nmatch = "GET /users/{id}"\njson  = { id = 7, name = "Ada" }'));

/// How often each scenario was called, by stub.
const counts = (use) => new Map((use?.stubs ?? []).map((stub) => [stub.stub, new Map(stub.scenarios.map((one) => [one.scenario, one.calls]))]));

/// `called` is told when a test has made a call, and gives how often the mock was used then.
export async function stubs(mock, use, query, { current, called }) {
  let counted = counts(use);
  const list = h('ul', { class: 'stubs' });
  const more = h('button', { type: 'button', class: 'plain', id: 'more-stubs' }, 'Show more');
  const said = h('p', { class: 'muted small', role: 'status' });
  const pane = h('div', { class: 'pane', id: 'scenario' });
  const search = h('input', { type: 'search', id: 'search', value: query.q ?? '', placeholder: 'Method, path or name', 'aria-label': 'Search stubs' });
  let members = query;
  let found = [];
  let next = null;
  let entries = [];
  let searched = '';
  let searches = 0;
  let turn = 0;

  const link = (stub, one) => {
    const calls = counted.get(stub.name)?.get(one.name) ?? 0;
    const here = members.stub === stub.name && members.scenario === one.name;
    return h('a', { href: withQuery(path`/mocks/${mock.name}`, { q: search.value, stub: stub.name, scenario: one.name }), 'aria-current': here ? 'true' : null },
      status(one.status), h('span', { class: 'name', title: one.name }, one.name),
      Object.keys(one.when).length ? null : h('span', { class: 'muted small' }, 'otherwise'),
      entries.some((entry) => touches(entry, stub, one)) ? tag('Forced', 'warn') : null,
      calls ? h('span', { class: 'calls', title: 'calls since the start' }, number(calls)) : null);
  };
  const drawList = () => {
    replace(list, found.map((stub) => h('li', {},
      h('div', { class: 'stub' }, method(stub.method), h('span', { class: 'path', title: stub.match }, readable(stub.match.slice(stub.method.length + 1))), entries.some((entry) => touches(entry, stub)) ? tag('Off', 'bad') : null),
      h('ul', {}, stub.scenarios.map((one) => h('li', {}, link(stub, one)))))));
    more.hidden = !next;
    const text = search.value.trim();
    replace(said, text ? `${number(found.length)}${next ? '+' : ''} of ${plural(mock.stubs, 'stub')}` : next ? `The first ${number(found.length)} of ${plural(mock.stubs, 'stub')}` : '');
    if (!found.length) replace(list, h('li', { class: 'muted' }, 'No stub of this mock has that in its name, method or path.'));
  };
  /// The stubs with a text in them. Paths are kept as they are sent: letters that are not ASCII stand in them encoded, and in
  /// names as they are.
  const look = async (q, cursor) => {
    const address = path`/v1/mocks/${mock.name}/stubs`;
    if (q === encoded(q)) return get(withQuery(address, { q, limit: PAGE, cursor }));
    const both = (await Promise.all([q, encoded(q)].map((one) => all(address, { q: one }, 'stubs')))).flat();
    return { stubs: [...new Map(both.map((stub) => [stub.name, stub])).values()], next: null };
  };
  const load = async (cursor) => {
    const mine = ++searches;
    const q = cursor ? searched : search.value.trim();
    const page = await look(q, cursor);
    if (mine !== searches) return;
    searched = q;
    found = cursor ? [...found, ...page.stubs] : page.stubs;
    next = page.next;
    drawList();
  };
  const missing = (text) => h('p', { class: 'notice warn', role: 'alert' }, text);
  const open = async () => {
    const mine = ++turn;
    const isLast = () => mine === turn && current();
    const { stub: name, scenario: wanted } = members;
    try {
      const stub = found.find((one) => one.name === name) ?? (name ? await get(path`/v1/mocks/${mock.name}/stubs/${name}`) : found[0]);
      if (!isLast()) return;
      const one = stub?.scenarios.find((each) => each.name === wanted) ?? stub?.scenarios[0];
      if (!one) return replace(pane);
      members = { ...members, stub: stub.name, scenario: one.name };
      drawList();
      const shown = await scenario(mock, stub, one, entries, { changed: overlaid, called: tested });
      if (!isLast()) return;
      replace(pane, wanted && wanted !== one.name ? missing(`The stub ${stub.name} has no scenario ${wanted} any more. This is ${one.name}.`) : null, shown.content);
    } catch (problem) {
      if (!isLast()) return;
      members = { ...members, stub: name, scenario: wanted };
      drawList();
      replace(pane, problem.status === 404 && name ? missing(`The mock ${mock.name} has no stub ${name} any more, or it has changed. Choose another in the list.`) : refusal(problem, { again: open }));
    }
  };
  const tested = async () => {
    counted = counts(await called());
    drawList();
  };
  /// Something was put over the files, or undone.
  const overlaid = async () => {
    entries = await ofMock(mock);
    await open();
  };

  const later = settled(200, () => {
    keep({ ...query, q: search.value.trim(), stub: members.stub, scenario: members.scenario });
    return load(null);
  });
  search.addEventListener('input', later);
  more.addEventListener('click', async () => {
    const before = found.length;
    await load(next);
    if (more.hidden) land(list.children[before]?.querySelector('a'));
  });

  if (!mock.stubs) return { content: NOTHING() };
  await load(null);
  await overlaid();
  return {
    content: h('div', { class: 'split' }, h('div', { class: 'side' }, search, said, list, more), pane),
    /// Another scenario is looked at: the list keeps its place, and the reader goes on at the scenario.
    update: async (asked) => {
      members = asked;
      later.cancel();
      search.value = asked.q ?? '';
      if (search.value.trim() !== searched) await load(null);
      await open();
      const heading = pane.querySelector('h2');
      heading?.focus({ preventScroll: true });
      if (pane.getBoundingClientRect().top > innerHeight || matchMedia('(max-width: 56rem)').matches) pane.scrollIntoView({ block: 'start' });
    },
    close: () => {
      turn += 1;
      later.cancel();
    },
  };
}
