// One mock: what it is, its stubs with their scenarios, its server stubs, and its configuration.

import { get, path } from './api.js';
import { centre, h, replace } from './dom.js';
import { number, moment } from './format.js';
import { address, badges } from './mocks.js';
import { facts, refusal, tag } from './parts.js';
import { settings } from './settings.js';
import { serverStubs } from './server.js';
import { stubs } from './stubs.js';

const TABS = [['stubs', 'Stubs'], ['server-stubs', 'Server stubs'], ['configuration', 'Configuration']];

const CORS = { off: 'Off', anyone: 'Any origin' };
const SELECTORS = { on: 'On', off: 'Off', trusted: 'From trusted callers' };

/// The limit of calls in words.
const limit = ({ calls, per, rate }) => [calls === null ? null : `${number(calls)} calls a ${per}`, rate].filter(Boolean).join(', at most ');

function details(mock, use, since) {
  const access = mock.access.private ? `Private: ${mock.access.header}, ${mock.access.keys} ${mock.access.keys === 1 ? 'key' : 'keys'}` : 'Public';
  return facts([
    ['Calls', use ? h('span', { title: `since ${moment(since)}` }, `${number(use.today)} today, ${number(use.calls)} since the start`) : 'None yet'],
    ['Access', mock.access.forwarded ? `${access}, forwarded calls too` : access],
    ['Delay', mock.delay ?? 'None'],
    ['Collection', mock.collection],
    ['Environment', mock.environment],
    ['Release', mock.release],
    ['Owner', mock.owner],
    ['Limit', mock.limit ? limit(mock.limit) : null],
    ['Hosts', mock.hosts.length ? mock.hosts.join(', ') : 'Any'],
    ['Upstream', mock.upstream ?? 'That of the proxy'],
    ['CORS', CORS[mock.cors] ?? mock.cors_origins.join(', ')],
    ['Selectors', h('span', { title: 'x-mock-response-code, -id, -name and -delay' }, SELECTORS[mock.selectors])],
    ['Matching', mock.matching === 'postman' ? `Postman, down to ${mock.closest}` : 'Strict'],
  ]);
}

export async function show({ name, query, current }) {
  const used = () => get(`/v1/usage?mock=${encodeURIComponent(name)}`);
  let [mock, usage] = await Promise.all([get(path`/v1/mocks/${name}`), used()]);
  const head = h('div', {});
  const tabs = h('nav', { class: 'tabs', 'aria-label': `Parts of ${name}` });
  const panel = h('section', { class: 'panel' });
  let tab = null;
  let part = null;
  let turn = 0;

  const drawHead = () => replace(head,
    h('p', { class: 'crumbs' }, h('a', { href: '/mocks' }, 'Mocks')),
    h('div', { class: 'line' }, h('h1', { id: 'heading', tabindex: '-1' }, mock.name), h('span', { class: 'badges' }, badges(mock))),
    address(mock),
    details(mock, usage.mocks[0], usage.since));

  const drawTabs = () => {
    const counts = { stubs: mock.stubs, 'server-stubs': mock.server_stubs };
    const link = ([word, text]) => h('a', { id: `tab-${word}`, href: path`/mocks/${name}` + (word === 'stubs' ? '' : `?tab=${word}`), 'aria-current': word === tab ? 'true' : null },
      text, counts[word] === undefined ? null : [' ', tag(number(counts[word]))]);
    replace(tabs, TABS.map(link), h('a', { id: 'tab-calls', href: `/calls?mock=${encodeURIComponent(name)}` }, 'Call log'));
    centre(tabs);
  };

  /// Takes a mock as the server shows it after a change.
  const changed = (next) => {
    mock = next;
    drawHead();
    drawTabs();
    return mock;
  };

  /// Looks up how often it was called, once one more call was made.
  const called = async () => {
    usage = await used();
    if (current()) drawHead();
    return usage.mocks[0];
  };

  const load = (wanted, members) => {
    if (wanted === 'stubs') return stubs(mock, usage.mocks[0], members, { current, called });
    return wanted === 'server-stubs' ? serverStubs(mock, changed) : settings(mock, changed);
  };

  const update = async (members) => {
    const wanted = TABS.some(([word]) => word === members.tab) ? members.tab : 'stubs';
    if (wanted === tab && part?.update) return part.update(members);
    const mine = ++turn;
    part?.close?.();
    part = null;
    tab = wanted;
    drawTabs();
    try {
      const next = await load(wanted, members);
      // Whoever was quicker than the server sees what was chosen last.
      if (mine !== turn || !current()) return next.close?.();
      part = next;
      replace(panel, part.content);
    } catch (problem) {
      if (mine === turn && current()) replace(panel, refusal(problem, { again: () => update(members) }));
    }
  };

  drawHead();
  await update(query);
  return {
    content: [head, tabs, panel],
    update,
    ready: () => centre(tabs),
    close: () => {
      turn += 1;
      part?.close?.();
    },
  };
}
