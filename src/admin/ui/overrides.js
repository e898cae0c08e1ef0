// Overrides: a scenario that is forced, a stub that is off, a setting that differs from the files; for a time, for some
// calls, or until they are undone.

import { all, has, path, post, remove } from './api.js';
import { fresh, h, replace } from './dom.js';
import { left, moment, plural } from './format.js';
import { changes, confirmed, doing, empty, field, prose, refusal, say, select, tag, whyNot } from './parts.js';

const TIMES = [['10m', '10 minutes'], ['1h', '1 hour'], ['8h', '8 hours'], ['', 'Until it is undone']];
const KINDS = { scenario: ['Forced', 'warn'], off: ['Off', 'bad'], setting: ['Setting', 'calm'] };

/// What lies over the files of a mock.
export const ofMock = (mock) => (has('GET', '/v1/mocks/{mock}/overrides') ? all(path`/v1/mocks/${mock.name}/overrides`, {}, 'overrides') : Promise.resolve([]));

/// Whether a scenario is forced, or its stub is off.
export const touches = (one, stub, scenario = null) => one.stub === stub.name && (one.kind === 'off' ? scenario === null : one.kind === 'scenario' && one.scenario === scenario?.name);

/// For how long, for how many calls, and for whom.
function limits(one) {
  return h('span', { class: 'muted' },
    one.until ? ['for ', h('time', { datetime: one.until, title: moment(one.until) }, left(one.until)), ' more'] : 'until it is undone',
    one.left === null ? null : `, ${plural(one.left, 'call')} more`,
    one.if ? [', only where ', h('code', {}, JSON.stringify(one.if))] : null);
}

/// One override with its way back.
function line(one, name, undone) {
  const undo = doing(h('button', { type: 'button', class: 'plain', id: `undo-${one.mock}-${one.id}`, 'aria-label': `Undo: ${one.scenario ?? one.stub ?? one.id}` }, 'Undo'), async () => {
    await remove(path`/v1/mocks/${one.mock}/overrides/${one.id}`);
    say('As in the files again');
    await undone();
  });
  const [word, kind] = KINDS[one.kind];
  return h('div', { class: 'line' }, tag(word, kind), name, limits(one), h('span', { class: 'push' }, changes(undo)));
}

/// What the page of a scenario offers: to force it, or to switch its stub off. `changed` is called when it has happened.
export function force(mock, stub, one, entries, changed) {
  if (!has('POST', '/v1/mocks/{mock}/overrides')) return null;
  const mine = entries.filter((entry) => touches(entry, stub) || touches(entry, stub, one));
  const refused = h('div', {});
  const ttl = select(TIMES, '10m', { id: 'force-ttl' });
  const count = h('input', { id: 'force-count', type: 'number', min: '1', placeholder: 'any number' });
  const header = h('input', { id: 'force-header', placeholder: 'anybody', spellcheck: 'false', autocapitalize: 'off' });
  const value = h('input', { id: 'force-value', spellcheck: 'false' });
  const put = (body, said) => async () => {
    const only = header.value.trim() ? { if: { header: { [header.value.trim()]: value.value } } } : {};
    await post(path`/v1/mocks/${mock.name}/overrides`, { stub: stub.name, ...body, ...only,
      ...(ttl.value ? { ttl: ttl.value } : {}), ...(count.value ? { count: Number(count.value) } : {}) });
    say(said);
    await changed();
  };
  const button = (id, kind, text, body, said) => changes(doing(h('button', { type: 'button', id, class: kind }, text), put(body, said), { place: refused }));
  return [
    mine.length ? h('ul', { class: 'notice warn in-force' }, mine.map((entry) => h('li', {}, line(entry, entry.kind === 'off' ? `the stub ${stub.name}` : 'this scenario', changed)))) : null,
    h('details', { class: 'force' },
      h('summary', {}, 'Override'),
      h('p', { class: 'muted small' }, 'Without touching the files: let this scenario answer whatever the conditions say, or let the stub answer nothing.'),
      h('div', { class: 'grid' }, field('For', ttl), field('For so many calls', count), field('Only with the header', header), field('of this value', value)),
      h('div', { class: 'buttons' }, button('force', 'primary', 'Force this scenario', { scenario: one.name }, `${one.name} is forced`), button('stub-off', 'plain', 'Switch the stub off', { off: true }, `${stub.name} is off`)),
      refused),
  ];
}

const NOTHING = () => empty('Nothing is overridden',
  h('p', {}, 'What the files say is in force. To force a scenario or to switch a stub off for a while, open it and choose ', h('em', {}, 'Override'), '.'),
  h('p', {}, h('a', { href: '/mocks' }, 'Go to the mocks')));

function target(one) {
  const query = one.kind === 'setting' ? { tab: 'configuration' } : Object.fromEntries(Object.entries({ stub: one.stub, scenario: one.scenario }).filter(([, value]) => value));
  const words = one.kind === 'setting' ? [one.mock, ...Object.entries(one.change).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)] : [one.mock, one.stub, one.scenario];
  return h('a', { href: `${path`/mocks/${one.mock}`}?${new URLSearchParams(query)}` }, words.filter(Boolean).join(' / '));
}

export async function show({ current }) {
  const content = h('div', { class: 'stack' });
  const heading = h('h1', { id: 'heading', tabindex: '-1' }, 'Overrides');

  const draw = async () => {
    const overrides = await all('/v1/overrides', {}, 'overrides');
    if (!current()) return;
    const undone = async () => {
      await draw();
      if (document.activeElement === document.body) heading.focus();
    };
    const every = doing(h('button', { type: 'button', class: 'plain', id: 'undo-all' }, 'Undo all'), async () => {
      if (!await confirmed('Undo all overrides?', 'What the files say is in force again, at once.', 'Undo all overrides')) return;
      for (const mock of new Set(overrides.map((one) => one.mock))) await remove(path`/v1/mocks/${mock}/overrides`);
      await undone();
    });
    replace(content, whyNot(), overrides.length
      ? [h('ul', { class: 'cards one', id: fresh('overrides') }, overrides.map((one) => h('li', { class: 'card' }, line(one, target(one), undone)))), h('p', {}, changes(every))]
      : NOTHING());
  };
  await draw();
  const timer = setInterval(() => {
    const times = [...content.querySelectorAll('time')];
    for (const time of times) replace(time, left(time.dateTime));
    if (times.some((time) => new Date(time.dateTime) <= Date.now())) draw().catch((problem) => replace(content, refusal(problem)));
  }, 1000);
  return {
    content: [h('div', { class: 'title' }, heading), h('p', { class: 'muted' }, prose('What differs from the files. They stay as they are; `admin.state_file` keeps this over a restart.')), content],
    close: () => clearInterval(timer),
  };
}
