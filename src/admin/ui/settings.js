// The configuration of a mock. What is changed here takes effect at once and lies over the files: they stay as they are.

import { ask, has, path, remove } from './api.js';
import { fresh, h, land, replace } from './dom.js';
import { changes, doing, field, prose, refusal, say, select, tag, whyNot } from './parts.js';

const DELAYS = [['', 'None'], ['2g', '2G: 300 ms'], ['3g', '3G: 100 ms'], ['custom', 'Custom']];
const PRESETS = { '300ms': '2g', '100ms': '3g' };
/// The longest delay, milliseconds; that of Postman's.
const LONGEST = 180_000;
const UNITS = { ms: 1, s: 1000, m: 60_000 };

/// The milliseconds of a delay of whole ones, which is what one's own may be.
function millisOf(delay) {
  const [, value, unit] = /^(\d+)(ms|s|m)$/.exec(delay ?? '') ?? [];
  return unit ? Number(value) * UNITS[unit] : null;
}

const FILES = 'This version takes these settings from the files only: edit them and save, and they are reloaded. The keys are `access`, `delay`, `environment`, `release` and `active_server_stub`.';

export async function settings(mock, changed) {
  const address = path`/v1/mocks/${mock.name}`;
  const can = has('PATCH', '/v1/mocks/{mock}');
  const [{ etag }, stubs] = await Promise.all([ask('GET', address), ask('GET', `${address}/server-stubs?limit=1000`)]);
  const content = h('div', { class: 'settings' });
  const refused = h('div', {});
  let mark = etag;
  /// Milliseconds that were typed and refused.
  let typed = null;

  const read = ({ data, etag: now }) => {
    mark = now;
    mock = data;
    changed(data);
  };
  /// Changes something, and says whether it could.
  const put = async (members, said) => {
    replace(refused);
    content.setAttribute('aria-busy', 'true');
    try {
      read(await ask('PATCH', address, { body: members, headers: mark ? { 'if-match': mark } : {} }));
      typed = null;
      say(said);
    } catch (problem) {
      replace(refused, problem.status === 412 ? await overtaken().catch(refusal) : refusal(problem));
    } finally {
      content.removeAttribute('aria-busy');
    }
    draw();
  };
  /// Somebody else was faster: what is in force now is shown, and chosen from anew.
  const overtaken = async () => {
    read(await ask('GET', address));
    return h('p', { class: 'notice bad', role: 'alert' }, h('strong', {}, 'This change was not made.'),
      ` Somebody else has changed ${mock.name} meanwhile. The page shows what is in force now: look at it, and choose again.`);
  };
  /// A setting with its name, and the way back to what the files say where it differs.
  const part = (name, legend, ...inside) => {
    const undo = () => doing(h('button', { type: 'button', class: 'quiet', id: `undo-${name}`, title: 'As in the files again', 'aria-label': `Undo: ${legend}` }, 'Undo'), async () => {
      await remove(`${address}/overrides/${name}`);
      read(await ask('GET', address));
      say(`${legend}: as in the files again`);
      draw();
    }, { place: refused, next: () => content.querySelector(`#part-${name} :is(input:checked, select)`) });
    const isChanged = mock.changed?.includes(name);
    return h('fieldset', { class: 'card', id: `part-${name}` }, h('legend', {}, h('span', { class: 'line' }, legend, isChanged ? [tag('Changed here', 'warn'), h('span', { class: 'push' }, changes(undo()))] : null)), inside);
  };
  const rests = (control) => {
    changes(control);
    if (!can) control.disabled = true;
    return control;
  };

  const access = () => {
    const name = fresh('access');
    const radio = (isPrivate, text, hint) => h('label', { class: 'choice' },
      rests(h('input', { type: 'radio', name, id: `access-${isPrivate ? 'private' : 'public'}`, checked: mock.access.private === isPrivate,
        onchange: () => put({ access: { private: isPrivate } }, isPrivate ? `${mock.name} needs a key now` : `${mock.name} needs no key any more`) })),
      h('span', {}, text, h('small', { class: 'muted' }, hint)));
    return part('access', 'Access',
      radio(false, 'Public', 'Everybody who reaches it may call it.'),
      radio(true, 'Private', mock.access.keys ? `Callers send one of ${mock.access.keys === 1 ? 'its key' : `its ${mock.access.keys} keys`} in ${mock.access.header}.`.replace('one of its key ', 'its key ') : 'It has no key yet: name one in access.keys of its file.'));
  };

  const delay = () => {
    const own = millisOf(mock.delay);
    const preset = typed !== null ? 'custom' : mock.delay === null ? '' : PRESETS[mock.delay] ?? 'custom';
    const choice = rests(select(DELAYS, preset, { id: 'delay' }));
    const millis = rests(h('input', { id: 'millis', type: 'number', required: true, min: '1', max: String(LONGEST), step: '1', value: typed ?? own ?? '' }));
    const apply = rests(h('button', { class: 'primary', id: 'apply-delay' }, 'Apply'));
    const custom = h('form', { class: 'custom', hidden: preset !== 'custom' }, field('Milliseconds', millis, { hint: `1 to ${LONGEST.toLocaleString('en')}` }), apply);
    custom.addEventListener('submit', (event) => {
      event.preventDefault();
      // The browser takes `1e3` for a number, the server does not.
      typed = String(Number(millis.value));
      put({ delay: `${typed}ms` }, `Answers wait ${typed} ms now`).then(() => document.activeElement === document.body && land(document.getElementById('apply-delay'), document.getElementById('delay')));
    });
    choice.addEventListener('change', () => {
      custom.hidden = choice.value !== 'custom';
      typed = null;
      if (choice.value === 'custom') millis.focus();
      else put({ delay: choice.value || null }, choice.value ? `Answers wait as over ${choice.value.toUpperCase()} now` : 'Answers wait no more');
    });
    const other = mock.delay !== null && own === null ? h('p', { class: 'muted' }, `In force: ${mock.delay}.`) : null;
    return part('delay', 'Delay', field('Before each answer', choice), custom, other,
      h('p', { class: 'muted small' }, prose('A scenario’s own delay goes before this one; `x-mock-response-delay` before both.')));
  };

  const set = (legend, member, names, none, hint) => {
    if (names === undefined) return null;
    const choice = rests(select([['', none], ...names], mock[member], { id: member }));
    choice.addEventListener('change', () => put({ [member]: choice.value || null }, choice.value ? `${legend}: ${choice.value}` : `${legend}: ${none.toLowerCase()}`));
    if (!names.length) choice.disabled = true;
    return part(member, legend, field('In force', choice, { hint }));
  };

  const active = () => {
    const names = stubs.data.server_stubs.map((stub) => stub.name);
    const choice = rests(select([['', 'None: the stubs answer'], ...names], mock.active_server_stub, { id: 'active_server_stub' }));
    choice.addEventListener('change', () => put({ active_server_stub: choice.value || null }, choice.value ? `${choice.value} answers now` : 'The stubs answer again'));
    if (!names.length) choice.disabled = true;
    const scope = { mocked: 'It answers wherever a stub would.', all: 'It answers every call of this mock.' }[mock.server_stub_scope];
    return part('active_server_stub', 'Active server stub',
      field('Answers in place of the stubs', choice, { hint: names.length ? scope : 'This mock has no server stubs.' }));
  };

  const draw = () => replace(content,
    can ? h('p', { class: 'muted' }, 'A change takes effect at once, without a restart. The files stay as they are.') : h('p', { class: 'notice calm' }, prose(FILES)),
    whyNot(), refused,
    h('div', { class: 'grid' }, access(), delay(), active(),
      set('Environment', 'environment', mock.environments, 'None', mock.environments?.length ? 'The variables that templates see as env.' : 'This mock has no environments.'),
      set('Release', 'release', mock.releases, 'None', mock.releases?.length ? 'The set of stubs that is in force.' : 'This mock has no releases.')));
  draw();
  return { content };
}
