/** Preloaded into an engine: SIGUSR2 stops its main thread for good, outside of any run. */
process.on('SIGUSR2', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
