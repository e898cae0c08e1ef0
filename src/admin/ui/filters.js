// The filters of the call log: a form, the members of the address, and the parameters of the API, which are the same.

import { all, get, withQuery } from './api.js';
import { h, replace, settled } from './dom.js';
import { encoded } from './format.js';
import { field, select } from './parts.js';
import { DECISIONS, REASONS } from './words.js';

/// What the API takes.
export const NAMES = ['q', 'mock', 'stub', 'scenario', 'decision', 'status', 'method', 'path', 'miss', 'since', 'until'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const STATUSES = [['', 'Any'], ['2xx', '2xx'], ['3xx', '3xx'], ['4xx', '4xx'], ['5xx', '5xx'], ['200', '200'], ['201', '201'], ['404', '404'], ['429', '429'], ['500', '500'], ['503', '503']];
const LABELS = { q: 'Text', mock: 'Mock', stub: 'Stub', scenario: 'Scenario', decision: 'Decision', status: 'Status', method: 'Method', path: 'Path', miss: 'Reason', since: 'Since', until: 'Until', misses: 'Only misses' };

const any = (rows) => [['', 'Any'], ...rows];
/// A time of the address as the control of a browser wants it, and back: local there, UTC here.
const local = (text) => {
  if (!text) return '';
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? '' : new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
};
const utc = (text) => (text ? new Date(text).toISOString() : '');

/// The form. `chosen` is told of each change, with the members of the address.
export async function filters(query, chosen) {
  const state = Object.fromEntries([...NAMES, 'misses'].map((name) => [name, query[name] ?? '']));
  const mocks = await all('/v1/mocks', {}, 'mocks');
  const chips = h('ul', { class: 'chips', 'aria-label': 'Filters that are set' });
  const tell = () => {
    drawChips();
    chosen({ ...state });
  };
  const later = settled(250, tell);
  const controls = {};
  const bound = (name, control, kind = 'change') => {
    control.id = `filter-${name}`;
    control.addEventListener(kind, () => {
      state[name] = name === 'since' || name === 'until' ? utc(control.value) : control.type === 'checkbox' ? (control.checked ? '1' : '') : control.value.trim();
      if (kind === 'input') later();
      else tell();
    });
    controls[name] = control;
    return control;
  };
  const set = (name, value) => {
    state[name] = value;
    const control = controls[name];
    if (control.type === 'checkbox') control.checked = value === '1';
    else control.value = name === 'since' || name === 'until' ? local(value) : value;
  };

  const drawChips = () => {
    const some = [...NAMES, 'misses'].filter((name) => state[name]);
    const clear = (name) => {
      set(name, '');
      tell();
      (chips.querySelector('button') ?? controls.q).focus();
    };
    replace(chips, some.map((name) => h('li', {}, h('button', { type: 'button', id: `clear-${name}`, title: 'Remove this filter', onclick: () => clear(name) },
      name === 'misses' ? LABELS.misses : `${LABELS[name]}: ${state[name]}`, h('span', { 'aria-hidden': 'true' }, ' ×'), h('span', { class: 'hidden' }, ', remove')))),
      some.length > 1 ? h('li', {}, h('button', { type: 'button', class: 'link', onclick: () => { some.forEach((name) => set(name, '')); tell(); controls.q.focus(); } }, 'Remove all')) : null);
    more.classList.toggle('set', some.some((name) => !['q', 'mock', 'scenario', 'misses'].includes(name)));
  };

  /// Names of stubs and scenarios that were called, to choose from; any other may be typed.
  const names = { stub: h('datalist', { id: 'stub-names' }), scenario: h('datalist', { id: 'scenario-names' }) };
  const suggest = async () => {
    try {
      const wanted = state.mock ? [state.mock] : mocks.slice(0, 10).map((mock) => mock.name);
      const usages = await Promise.all(wanted.map((mock) => get(withQuery('/v1/usage', { mock }))));
      const stubs = usages.flatMap((usage) => usage.mocks).flatMap((mock) => mock.stubs ?? []);
      const own = stubs.filter((stub) => !state.stub || stub.stub === state.stub);
      const options = (values) => [...new Set(values)].map((value) => h('option', { value }));
      replace(names.stub, options(stubs.map((stub) => stub.stub)));
      replace(names.scenario, options(own.flatMap((stub) => stub.scenarios.map((one) => one.scenario))));
    } catch {
      // Nothing is suggested, then.
    }
  };

  const text = (name, attributes) => bound(name, h('input', { type: 'search', value: state[name], spellcheck: 'false', autocapitalize: 'off', ...attributes }), 'input');
  const time = (name) => bound(name, h('input', { type: 'datetime-local', step: '1', value: local(state[name]) }));
  const choice = (name, rows) => bound(name, select(rows.some(([value]) => value === state[name]) ? rows : [...rows, [state[name], state[name]]], state[name]));
  const more = h('details', { class: 'more', open: false },
    h('summary', {}, 'More filters'),
    h('div', { class: 'grid' },
      field('Stub', text('stub', { list: 'stub-names' })),
      field('Decision', choice('decision', any(Object.entries(DECISIONS).map(([word, [name]]) => [word, name])))),
      field('Status', choice('status', STATUSES)),
      field('Method', choice('method', any(METHODS.map((word) => [word, word])))),
      field('Path', text('path', { placeholder: '/users/*' }), { hint: 'with * at its end: whatever follows' }),
      field('Reason of a miss', choice('miss', any(Object.keys(REASONS).map((word) => [word, word])))),
      field('Since', time('since')),
      field('Until', time('until'))));
  const form = h('form', { class: 'filters', role: 'search', 'aria-label': 'Calls', onsubmit: (event) => event.preventDefault() },
    h('div', { class: 'bar' },
      h('div', { class: 'field grow' }, h('label', { for: 'filter-q' }, 'Search'), text('q', { placeholder: 'Path, headers and bodies' })),
      field('Mock', choice('mock', any(mocks.map((mock) => [mock.name, mock.name])))),
      field('Scenario', text('scenario', { list: 'scenario-names', placeholder: 'Any' })),
      h('label', { class: 'choice' }, bound('misses', h('input', { type: 'checkbox', checked: state.misses === '1' })), h('span', {}, 'Only misses'))),
    more, names.stub, names.scenario, chips);
  drawChips();
  controls.stub.addEventListener('focus', suggest);
  controls.scenario.addEventListener('focus', suggest);
  return { content: form, state, set: (query) => { [...NAMES, 'misses'].forEach((name) => set(name, query[name] ?? '')); drawChips(); }, close: () => later.cancel() };
}

/// The parameters of a query. The log has paths as they were sent.
export const parameters = (state) => Object.fromEntries(NAMES.filter((name) => state[name]).map((name) => [name, name === 'path' ? encoded(state[name]) : state[name]]));
