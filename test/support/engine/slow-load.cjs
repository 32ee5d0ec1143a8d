/** Preloaded into an engine: the session of the model `endless` is created only after a minute in native code. */
const Module = require('node:module')

const load = Module._load
Module._load = function (name, ...rest) {
  const loaded = load.call(this, name, ...rest)
  if (name === 'onnxruntime-node' && !loaded.slowed) {
    loaded.slowed = true
    const { InferenceSession } = loaded
    const create = InferenceSession.create.bind(InferenceSession)
    InferenceSession.create = (path, options) => {
      if (path.includes('/endless/'))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
      return create(path, options)
    }
  }
  return loaded
}
