// Overrides: a scenario that is forced, a stub that is off, a setting that differs from the files; for a time, for some
// calls, or until they are undone.

import { all, has, path, post, remove } from './api.js';
import { fresh, h, land, replace } from './dom.js';
import { left, moment, plural } from './format.js';
import { changes, confirmed, doing, empty, field, prose, refusal, say, select, tag, whyNot } from './parts.js';

const TIMES = [['10m', '10 minutes'], ['1h', '1 hour'], ['8h', '8 hours'], ['', 'Until it is undone']];
/// How often the page looks again, milliseconds: counts move, and others undo as well.
const LOOK = 3000;
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
    try {
      await remove(path`/v1/mocks/${one.mock}/overrides/${one.id}`);
      say('As in the files again');
    } catch (problem) {
      if (problem.status !== 404) throw problem;
      say('It was over, or undone, already');
    }
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
  const count = h('input', { id: 'force-count', type: 'number', min: '1', step: '1', placeholder: 'any number' });
  const header = h('input', { id: 'force-header', placeholder: 'anybody', spellcheck: 'false', autocapitalize: 'off' });
  const value = h('input', { id: 'force-value', placeholder: 'any value', spellcheck: 'false' });
  // What is wrong is said at its field, by the browser, before anything is sent.
  const wrong = () => {
    count.setCustomValidity('');
    if (!count.validity.valid) count.setCustomValidity('A whole number from 1, or nothing.');
    header.setCustomValidity(value.value !== '' && !header.value.trim() ? 'Which header has this value? Without its name the override would hold for everybody.' : '');
  };
  for (const control of [count, header, value]) control.addEventListener('input', wrong);
  const put = (body, said) => async () => {
    const name = header.value.trim();
    const only = name ? { if: { header: { [name]: value.value === '' ? { present: true } : value.value } } } : {};
    await post(path`/v1/mocks/${mock.name}/overrides`, { stub: stub.name, ...body, ...only,
      ...(ttl.value ? { ttl: ttl.value } : {}), ...(count.value ? { count: Number(count.value) } : {}) });
    say(said);
    await changed();
  };
  const form = h('form', {});
  const button = (id, kind, text, body, said) => changes(doing(h('button', { id, class: kind }, text), put(body, said), { place: refused, form }));
  replace(form,
    h('div', { class: 'grid' }, field('For', ttl), field('For so many calls', count), field('Only with the header', header), field('of this value', value)),
    h('div', { class: 'buttons' }, button('force', 'primary', 'Force this scenario', { scenario: one.name }, `${one.name} is forced`), button('stub-off', 'plain', 'Switch the stub off', { off: true }, `${stub.name} is off`)),
    refused);
  return [
    mine.length ? h('ul', { class: 'notice warn in-force' }, mine.map((entry) => h('li', {}, line(entry, entry.kind === 'off' ? `the stub ${stub.name}` : 'this scenario', changed)))) : null,
    h('details', { class: 'force' },
      h('summary', {}, 'Override'),
      h('p', { class: 'muted small' }, 'Without touching the files: let this scenario answer whatever the conditions say, or let the stub answer nothing.'),
      form),
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

  const old = h('div', {});
  let shown = [];
  let before = '';

  const draw = async () => {
    const overrides = await all('/v1/overrides', {}, 'overrides');
    const now = JSON.stringify(overrides);
    replace(old);
    if (!current() || now === before) return;
    before = now;
    shown = overrides;
    // What was undone takes its button with it: the focus goes to what stands there then.
    const undone = (one) => async () => {
      const at = shown.findIndex((each) => each.id === one.id && each.mock === one.mock);
      await draw();
      if (document.activeElement === document.body) land(content.querySelectorAll('[id^="undo-"]')[Math.min(at, shown.length - 1)], heading);
    };
    const every = doing(h('button', { type: 'button', class: 'plain', id: 'undo-all' }, 'Undo all'), async () => {
      if (!await confirmed('Undo all overrides?', 'What the files say is in force again, at once.', 'Undo all overrides')) return;
      for (const mock of new Set(shown.map((one) => one.mock))) await remove(path`/v1/mocks/${mock}/overrides`);
      await draw();
    });
    replace(content, whyNot(), overrides.length
      ? [h('ul', { class: 'cards one', id: fresh('overrides') }, overrides.map((one) => h('li', { class: 'card' }, line(one, target(one), undone(one))))), h('p', {}, changes(every))]
      : NOTHING());
  };
  await draw();
  const look = async () => {
    try {
      await draw();
    } catch (problem) {
      // Told once, and not anew with each look.
      if (current() && !old.childElementCount) replace(old, refusal(problem));
    }
  };
  const tick = setInterval(() => {
    for (const time of content.querySelectorAll('time')) replace(time, left(time.dateTime));
  }, 1000);
  const timer = setInterval(() => document.hidden || look(), LOOK);
  const turned = () => document.hidden || look();
  document.addEventListener('visibilitychange', turned);
  return {
    content: [h('div', { class: 'title' }, heading), h('p', { class: 'muted' }, prose('What differs from the files. They stay as they are; `admin.state_file` keeps this over a restart.')), old, content],
    close: () => {
      clearInterval(tick);
      clearInterval(timer);
      document.removeEventListener('visibilitychange', turned);
    },
  };
}
