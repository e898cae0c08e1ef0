// The call log: what passed, newest first, as it passes.

import { get, remove, withQuery } from './api.js';
import { detail } from './call.js';
import { h, icon, replace } from './dom.js';
import { filters, parameters } from './filters.js';
import { clock, moment, number, plural, span } from './format.js';
import { among, follow, isLater, retries, watch } from './live.js';
import { changes, confirmed, decision, doing, empty, ICONS, method, refusal, say, status } from './parts.js';
import { keep } from './route.js';
import { Rows } from './rows.js';
import { isMiss } from './words.js';

/// How many calls the page holds: what came earlier is let go at the far end.
const MOST = 20_000;
/// How many calls are fetched first, and how many at a time when the reader goes further back.
const FIRST = 200;
const PAGE = 1000;

const cell = (name, ...children) => h('div', { role: 'cell', class: name }, children);

function row(call, open) {
  const target = call.path + (call.query === null ? '' : `?${call.query}`);
  const who = [call.mock, call.stub, call.scenario].filter(Boolean).join(' / ') || (call.decision === 'forwarded' ? call.upstream : '');
  const button = h('button', { type: 'button', class: 'target', 'aria-expanded': String(open), title: target }, icon(ICONS.open), h('span', { class: 'path' }, target));
  const [second, millis] = clock(call.at);
  return [
    cell('time', h('time', { datetime: call.at, title: moment(call.at) }, second, h('span', { class: 'millis' }, millis))),
    cell('reply', status(call.status)),
    cell('verb', method(call.method)),
    cell('where', button),
    cell('who', decision(call.decision), call.miss ? h('span', { class: 'miss', title: 'Why it was not mocked' }, call.miss) : null, h('span', { class: 'names', title: who }, who)),
    cell('took', call.duration_us ? span(call.duration_us.total) : '…'),
  ];
}

const HEAD = [['time', 'Time'], ['reply', 'Status'], ['verb', 'Method'], ['where', 'Path'], ['who', 'Decision and scenario'], ['took', 'Duration']];

const nothing = (isFiltered, isLive) => {
  if (isFiltered) {
    return empty('No call fits these filters', h('p', {}, isLive ? 'Remove a filter, or wait: new calls that fit appear here by themselves.'
      : 'Remove a filter, or press Refresh: while the log is paused nothing appears by itself.'));
  }
  return empty('No calls yet', h('p', {}, 'Copy the URL of a mock and call it, or open a scenario and test its response. ',
    isLive ? 'Calls appear here by themselves.' : 'Then press Refresh: while the log is paused nothing appears by itself.'), h('p', {}, h('a', { href: '/mocks' }, 'Go to the mocks')));
};

export async function show({ query, current }) {
  let calls = [];
  let known = new Map();
  let next = null;
  let tail = null;
  let unseen = 0;
  let turn = 0;
  let missed = 0;
  let isLoading = false;
  let isDown = false;
  const attempts = retries();
  const isLive = () => query.live !== '0';

  const said = h('p', { class: 'muted small', role: 'status' });
  const lost = h('p', { class: 'notice warn', hidden: true });
  const refused = h('div', {});
  const unkept = h('div', {});
  const none = h('div', {});
  const box = h('div', { class: 'box' });
  const fresh = h('button', { type: 'button', class: 'primary fresh', hidden: true, onclick: () => { box.scrollTop = 0; seen(); rows.soon(); } });
  const rows = new Rows({ box, label: 'Calls, newest first', draw: row, detail: (call, content) => detail(call, { content, ended: (over) => came([over]) }), key: (call) => call.id, end: () => older(),
    changed: (open) => { query.open = open.at(-1) ?? ''; address(); } });
  rows.table.append(h('div', { role: 'rowgroup', class: 'head' }, h('div', { role: 'row', 'aria-rowindex': '1' }, HEAD.map(([name, text]) => h('div', { role: 'columnheader', class: name }, text)))), rows.space);
  box.append(rows.table);
  box.addEventListener('scroll', () => box.scrollTop < 4 && seen(), { passive: true });

  const state = () => form.state;
  const address = () => keep({ ...state(), open: query.open, live: isLive() ? '' : '0' });
  const fits = (call) => state().misses !== '1' || isMiss(call);
  const seen = () => {
    unseen = 0;
    fresh.hidden = true;
  };
  const tell = (page) => {
    if (page) bounds = page;
    const gone = bounds.evicted ? `; ${number(bounds.evicted)} older ones were let go` : '';
    replace(said, calls.length ? `${plural(calls.length, 'call')}${next ? ', more below' : gone}` : '');
    const fault = bounds.database?.fault;
    replace(unkept, fault ? h('p', { class: 'notice bad' }, `Calls are not kept in their file: ${fault}`) : null);
    replace(none, calls.length || isDown ? null : nothing(Object.values(state()).some(Boolean), isLive()));
    box.hidden = !calls.length;
  };
  let bounds = { evicted: 0 };

  const list = (cursor, limit) => get(withQuery(state().misses === '1' ? '/v1/misses' : '/v1/calls', { ...parameters(state()), limit, cursor }));
  /// Shows the newest calls, and no others.
  const begin = (page) => {
    calls = page.calls;
    known = new Map(calls.map((call) => [call.id, call]));
    next = page.next && calls.length === FIRST ? page.next : null;
    seen();
    tell(page);
    box.scrollTop = 0;
    rows.set(calls);
  };
  const load = async () => {
    const mine = ++turn;
    tail?.close();
    tail = null;
    attempts.close();
    lost.hidden = true;
    missed = 0;
    mark(isLive() ? 'waiting' : 'off');
    try {
      const page = await list(null, FIRST);
      if (mine !== turn || !current()) return;
      isDown = false;
      attempts.done();
      replace(refused);
      begin(page);
      listen();
      await reveal();
    } catch (problem) {
      if (mine !== turn || !current()) return;
      isDown = true;
      calls = [];
      known = new Map();
      next = null;
      rows.set(calls);
      replace(none);
      box.hidden = true;
      replace(said);
      replace(refused, refusal(problem));
      mark(isLive() ? 'lost' : 'off');
      // What the server refuses, it will refuse again.
      if (!problem.status || problem.status >= 500) attempts.later(load);
    }
  };
  /// The call that the address names is opened; where it is not in the list, alone above it.
  const reveal = async () => {
    if (!query.open) return;
    if (known.has(query.open)) {
      rows.toggle(query.open, true);
      rows.focus(calls.findIndex((call) => call.id === query.open));
      return;
    }
    try {
      const call = await get(`/v1/calls/${encodeURIComponent(query.open)}`);
      replace(refused, h('div', { class: 'card' }, h('div', { class: 'line' }, status(call.status), method(call.method), h('code', {}, call.path), decision(call.decision)), detail(call, { ended: reveal })));
    } catch (problem) {
      replace(refused, refusal(problem));
    }
  };
  const older = async () => {
    if (!next || isLoading || calls.length >= MOST) return;
    isLoading = true;
    const mine = turn;
    try {
      const page = await list(next, PAGE);
      if (mine !== turn) return;
      next = page.next;
      calls = [...calls, ...page.calls.filter((call) => !known.has(call.id))];
      page.calls.forEach((call) => known.set(call.id, call));
      tell(page);
      rows.set(calls);
    } catch (problem) {
      next = null;
      replace(refused, refusal(problem));
    } finally {
      isLoading = false;
    }
  };
  const came = (arrived) => {
    // A call that was under way is over.
    const over = new Map(arrived.filter((call) => call.duration_us && known.get(call.id)?.duration_us === null).map((call) => [call.id, call]));
    if (over.size) {
      calls = calls.map((call) => over.get(call.id) ?? call);
      over.forEach((call, id) => known.set(id, call));
      rows.set(calls);
    }
    const added = arrived.filter((call) => fits(call) && !known.has(call.id)).sort((one, other) => (isLater(one, other) ? -1 : 1));
    if (!added.length) return;
    added.forEach((call) => known.set(call.id, call));
    calls = among(added, calls);
    for (const call of calls.splice(MOST)) known.delete(call.id);
    tell();
    box.hidden = false;
    if (rows.set(calls, { areNew: true })) {
      unseen += added.length;
      fresh.hidden = false;
      replace(fresh, `${plural(unseen, 'new call')} ↑`);
    }
  };
  /// What was before a connection began: what ended meanwhile, and what passed while there was none.
  const catchUp = async () => {
    const mine = turn;
    try {
      const page = await list(null, FIRST);
      if (mine !== turn || !current()) return;
      if (page.calls.some((call) => known.has(call.id)) || !calls.length && !page.calls.length) came(page.calls);
      else begin(page);
    } catch {
      // The connection says whether the server is there.
    }
  };
  const listen = () => {
    tail?.close();
    tail = null;
    mark(isLive() ? 'waiting' : 'off');
    tell();
    if (!isLive() || document.hidden) return;
    tail = follow(withQuery('/v1/calls/stream', parameters(state())), {
      came,
      state: mark,
      opened: catchUp,
      missed: (count) => {
        missed += count;
        lost.hidden = false;
        replace(lost, `${plural(missed, 'call')} passed too fast to be shown here. The log has them: `, h('button', { type: 'button', class: 'link', onclick: load }, 'refresh'), '.');
      },
    });
  };
  const looking = watch(() => (tail ? rows.shown.filter((call) => call.duration_us === null) : []), came);

  // A page in the background holds no connection: a browser has six for a host. In sight again, it catches up.
  const turned = () => {
    if (document.hidden) tail?.close();
    else if (isDown) load();
    else listen();
  };

  const live = h('button', { type: 'button', id: 'live', class: 'plain live' });
  const STATES = { live: 'Live', waiting: 'Connecting …', lost: 'Not live: try again', off: 'Paused' };
  const mark = (word) => {
    live.dataset.state = word;
    live.setAttribute('aria-pressed', String(isLive()));
    live.title = isLive() ? 'Pause: show no new calls' : 'Show new calls as they pass';
    replace(live, h('span', { class: 'dot', 'aria-hidden': 'true' }), STATES[word]);
  };
  live.addEventListener('click', () => {
    if (live.dataset.state !== 'lost') query.live = isLive() ? '0' : '';
    address();
    if (isLive()) load();
    else listen();
  });

  const form = await filters(query, () => {
    query.open = '';
    address();
    load();
  });
  const exports = h('details', { class: 'menu' }, h('summary', {}, 'Export'), h('ul', {}));
  exports.addEventListener('toggle', () => replace(exports.lastChild, [['jsonl', 'JSON lines'], ['har', 'HTTP archive (HAR)']].map(([format, text]) =>
    h('li', {}, h('a', { href: withQuery('/v1/calls/export', { ...parameters(state()), format }), download: '' }, text)))));
  exports.addEventListener('focusout', (event) => { if (!exports.contains(event.relatedTarget)) exports.open = false; });
  exports.addEventListener('keydown', (event) => { if (event.key === 'Escape') { exports.open = false; exports.firstChild.focus(); } });
  const clear = changes(doing(h('button', { type: 'button', class: 'plain', id: 'delete' }, 'Delete'), async () => {
    if (!await confirmed('Delete all calls?', 'The whole log is emptied, whatever the filters say. This cannot be undone.', 'Delete all calls')) return;
    const { deleted } = await remove('/v1/calls');
    say(`${plural(deleted, 'call')} deleted`);
    await load();
  }));
  const again = doing(h('button', { type: 'button', class: 'plain', id: 'refresh' }, 'Refresh'), load);

  return {
    wide: true,
    content: [h('div', { class: 'title' }, h('h1', { id: 'heading', tabindex: '-1' }, 'Call log'), said, h('div', { class: 'buttons push' }, live, again, exports, clear)),
      form.content, unkept, refused, lost, none, h('div', { class: 'frame' }, fresh, box)],
    ready: () => {
      document.addEventListener('visibilitychange', turned);
      return load();
    },
    update: (asked) => {
      query = { ...asked };
      form.set(query);
      load();
    },
    close: () => {
      turn += 1;
      document.removeEventListener('visibilitychange', turned);
      tail?.close();
      attempts.close();
      looking.close();
      rows.close();
      form.close();
    },
  };
}
