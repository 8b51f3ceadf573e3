const intervalMs = 100;

/** At most ten calls a second; of those that come too soon the last one is made once its time has come. */
export function throttled<T>(call: (value: T) => void): (value: T) => void {
  let last = -Infinity;
  let waiting: { readonly value: T } | null = null;
  const now = () => performance.now();
  const make = (value: T) => {
    last = now();
    waiting = null;
    call(value);
  };
  return (value) => {
    const soon = last + intervalMs - now();
    if (soon <= 0) {
      make(value);
      return;
    }
    if (!waiting)
      // nobody is kept alive for it
      setTimeout(() => {
        if (waiting) make(waiting.value);
      }, soon).unref();
    waiting = { value };
  };
}
