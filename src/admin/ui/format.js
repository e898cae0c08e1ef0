// Numbers, times and sizes as people read them.

const count = new Intl.NumberFormat('en');
export const number = (value) => count.format(value);

/// `1 call`, `2 calls`.
export const plural = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

const two = (value) => String(value).padStart(2, '0');

/// The time of day to the second and its milliseconds: `14:03:09` and `.120`.
export function clock(text) {
  const at = new Date(text);
  return [`${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`, `.${String(at.getMilliseconds()).padStart(3, '0')}`];
}

/// Day and time of day.
export function moment(text) {
  const at = new Date(text);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/// How long ago, roughly.
export function ago(text, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - new Date(text)) / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

/// What is left of a time: `9 min 3 s`.
export function left(until, now = Date.now()) {
  const seconds = Math.max(0, Math.ceil((new Date(until) - now) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/// Microseconds.
export function span(micros) {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 1_000_000) return `${(micros / 1000).toFixed(micros < 10_000 ? 1 : 0)} ms`;
  return `${(micros / 1_000_000).toFixed(2)} s`;
}

/// Text with what is not ASCII as addresses have it: UTF-8, percent-encoded.
export const encoded = (text) => text.replace(/[^\x00-\x7f]+/g, (part) => {
  try {
    return encodeURIComponent(part);
  } catch {
    return part;
  }
});

/// A path with letters of any language in place of their percent-encoded bytes. Everything else stays as it is: what is
/// no letter could look like another path.
export const readable = (path) => path.replace(/(?:%[89a-f][0-9a-f])+/gi, (part) => {
  try {
    const text = decodeURIComponent(part);
    return /^[\p{L}\p{M}\p{N}]+$/u.test(text) ? text : part;
  } catch {
    return part;
  }
});

/// Bytes.
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
