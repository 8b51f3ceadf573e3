/** At most ten calls a second; what comes too soon is dropped. */
export function throttled<T>(call: (value: T) => void): (value: T) => void {
  let last = -Infinity;
  return (value) => {
    const now = performance.now();
    if (now - last < 100) return;
    last = now;
    call(value);
  };
}
