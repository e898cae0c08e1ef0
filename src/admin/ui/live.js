// Calls as they pass. They come in bursts: what came within a tenth of a second is shown at once. What the server could
// not send in time is told, not hidden.

import { get, path } from './api.js';
import { brief } from './call.js';
import { refresh } from './session.js';

/// How long calls are gathered, milliseconds.
const GATHER = 100;
/// How long to wait before the first attempt after a failure, and at most, milliseconds. What held so long was no failure.
const PAUSE = 1000;
const LONGEST = 15_000;
/// How often calls under way are looked up, milliseconds, and how many at a time.
const LOOK = 3000;
const FEW = 10;

/// Whether a call came later than another: ids are the start of the sidecar and the number of the call, in hexadecimal.
export function isLater(one, other) {
  const [[run, at], [otherRun, otherAt]] = [one, other].map(({ id }) => id.split('-').map((part) => Number.parseInt(part, 16)));
  return run === otherRun ? at > otherAt : run > otherRun;
}

/// Puts calls among others; both newest first.
export function among(added, calls) {
  const all = [];
  let at = 0;
  for (const call of added) {
    while (at < calls.length && isLater(calls[at], call)) all.push(calls[at++]);
    all.push(call);
  }
  return all.concat(calls.slice(at));
}

/// Attempts with growing pauses.
export function retries() {
  let pause = PAUSE;
  let timer = null;
  return {
    later: (act) => {
      clearTimeout(timer);
      timer = setTimeout(act, pause);
      pause = Math.min(pause * 2, LONGEST);
    },
    done: () => { pause = PAUSE; },
    close: () => clearTimeout(timer),
  };
}

/// Follows the calls that fit. `came` gets new ones; `missed` how many did not arrive; `state` a word: `live`, `waiting`
/// (for the server) or `lost`, after which it tries again.
///
/// Each connection begins with what ends from then on, and `opened` looks up what was before: so calls that were under
/// way then are told whatever their ids, and another run of the server is followed as well as the first.
export function follow(address, { came, missed, state, opened }) {
  const attempts = retries();
  let source = null;
  let gathered = [];
  let timer = null;
  let since = 0;
  const flush = () => {
    timer = null;
    const calls = gathered;
    gathered = [];
    came(calls);
  };
  const failed = async () => {
    // Closed, it does not connect by itself, with the id of a call that another run of the server does not know.
    const isRefused = source.readyState === EventSource.CLOSED;
    source.close();
    if (since && Date.now() - since > LONGEST) attempts.done();
    since = 0;
    state('lost');
    attempts.later(connect);
    if (!isRefused) return;
    // The sign-in may be over, or there is no place for a further reader.
    try {
      const { signed_in: isIn } = await refresh();
      if (!isIn) window.dispatchEvent(new CustomEvent('signed-out'));
    } catch {
      // The server is gone; the state says so.
    }
  };
  const connect = () => {
    state('waiting');
    source = new EventSource(address);
    source.addEventListener('call', (event) => {
      gathered.push(JSON.parse(event.data));
      timer ??= setTimeout(flush, GATHER);
    });
    source.addEventListener('missed', (event) => missed(JSON.parse(event.data).missed));
    source.addEventListener('open', () => {
      since = Date.now();
      state('live');
      opened();
    });
    source.addEventListener('error', failed);
  };
  connect();
  return {
    close: () => {
      source.close();
      attempts.close();
      clearTimeout(timer);
    },
  };
}

/// Looks calls up that are under way and in sight: the end of one may be among those that could not be sent. `underWay`
/// gives them, `came` gets those that are over.
export function watch(underWay, came) {
  const gone = new Set();
  let isLooking = false;
  const look = async () => {
    if (isLooking || document.hidden) return;
    isLooking = true;
    const over = [];
    for (const { id } of underWay().filter((call) => !gone.has(call.id)).slice(-FEW)) {
      try {
        const call = await get(path`/v1/calls/${id}`);
        if (call.duration_us) over.push(brief(call));
      } catch (problem) {
        if (problem.status !== 404) break;
        gone.add(id);
      }
    }
    isLooking = false;
    if (over.length) came(over);
  };
  const timer = setInterval(look, LOOK);
  return { close: () => clearInterval(timer) };
}
