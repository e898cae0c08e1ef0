// Why a call was answered as it was, and above all why it was not mocked: in words, then condition by condition.

import { has, post } from './api.js';
import { h, replace } from './dom.js';
import { plural } from './format.js';
import { copy, doing, prose, refusal, tag } from './parts.js';
import { REASONS } from './words.js';

/// Whether the server can explain; else the reason of the miss is all that is known.
export const canExplain = () => has('POST', '/v1/explain');

const HOLDS = new Map([[true, ['Holds', 'good']], [false, ['Fails', 'bad']], [null, ['Open', 'warn']]]);

function table(conditions, caption) {
  if (!conditions.length) return h('p', { class: 'muted' }, 'It has no conditions.');
  const row = (one) => {
    const [word, kind] = HOLDS.get(one.holds);
    return h('tr', {},
      h('td', {}, tag(word, kind)), h('th', { scope: 'row' }, one.subject),
      h('td', {}, h('code', {}, one.expected)),
      h('td', {}, one.actual === null ? h('em', { class: 'muted' }, 'nothing') : h('code', {}, one.actual), one.slip ? h('p', { class: 'slip' }, prose(one.slip.text)) : null));
  };
  return h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': caption },
    h('table', { class: 'conditions' },
      h('caption', { class: 'hidden' }, caption),
      h('thead', {}, h('tr', {}, ['', 'Looked at', 'Expected', 'Came'].map((text) => (text ? h('th', { scope: 'col' }, text) : h('td', {}))))),
      h('tbody', {}, conditions.map(row))));
}

function candidate(one) {
  const address = `/mocks/${encodeURIComponent(one.mock)}?${new URLSearchParams({ stub: one.stub, scenario: one.scenario })}`;
  const failed = one.conditions.filter((condition) => condition.holds === false).length;
  return h('section', { class: 'candidate' },
    h('div', { class: 'line' }, h('h3', {}, h('a', { href: address }, `${one.mock} / ${one.stub} / ${one.scenario}`)),
      one.answers ? tag('Answers', 'good') : failed ? tag(`${plural(failed, 'condition')} ${failed === 1 ? 'fails' : 'fail'}`, 'bad') : null,
      one.score ? h('span', { class: 'muted small', title: `path ${one.score.url} by row ${one.score.row}, query ${one.score.query}, body ${one.score.body}` }, `score ${one.score.total}`) : null),
    table(one.conditions, `Conditions of ${one.scenario}`));
}

function explained({ explanation, notes, text }) {
  const { slip, candidates, steps, left_out: more } = explanation;
  const isAnswered = candidates.some((one) => one.answers);
  // One is enough to see; where a scenario answers, all before it.
  const near = isAnswered ? candidates : candidates.slice(0, 1);
  const far = candidates.slice(near.length);
  return [
    slip ? h('p', { class: 'notice warn' }, h('strong', {}, 'Probably: '), prose(slip.text)) : null,
    notes.map((note) => h('p', { class: 'muted small' }, prose(note))),
    candidates.length ? [h('h2', {}, isAnswered ? 'The scenario that answers, and those before it' : 'The closest scenario'), near.map(candidate)] : null,
    far.length ? h('details', { class: 'why-place' }, h('summary', {}, `${plural(far.length, 'other scenario')}`), far.map(candidate), more ? h('p', { class: 'muted' }, `And ${plural(more, 'scenario')} more.`) : null) : null,
    h('details', {}, h('summary', {}, 'How it was decided, step by step'),
      h('ol', { class: 'steps' }, steps.map((step) => h('li', {}, h('strong', {}, step.step), ' ', prose(step.outcome), step.conditions?.length ? table(step.conditions, `Conditions of the step ${step.step}`) : null))),
      h('div', { class: 'line small' }, copy(text, 'the explanation', { label: 'Copy as text' }))),
  ];
}

/// Asks for an explanation, and shows it.
async function ask(call, place) {
  replace(place, h('p', { class: 'muted' }, 'Looking for the closest scenarios …'));
  try {
    replace(place, explained(await post('/v1/explain', { call: call.id })));
  } catch (problem) {
    replace(place, refusal(problem));
  }
}

/// For a miss: the reason in words and, where the server can, the explanation.
export function why(call) {
  const [what, look] = REASONS[call.miss] ?? ['No matching requests: no stub fits this call.', 'Compare method, host and path with the stubs.'];
  const place = h('div', { class: 'why-place' });
  if (canExplain()) ask(call, place);
  return h('section', { class: 'why' },
    h('div', { class: 'notice warn' },
      h('h2', {}, 'Why was this not mocked?'),
      h('p', {}, h('strong', {}, prose(what)), ' ', prose(look)),
      call.mock ? h('p', {}, h('a', { href: `/mocks/${encodeURIComponent(call.mock)}` }, `The stubs of ${call.mock}`)) : null),
    place);
}

/// For any other call: a button that asks.
export function explain(call) {
  if (!canExplain() || call.decision === 'rejected') return null;
  const place = h('div', { class: 'why-place' });
  const button = doing(h('button', { type: 'button', class: 'quiet' }, 'Explain'), () => ask(call, place));
  return { button, place };
}
