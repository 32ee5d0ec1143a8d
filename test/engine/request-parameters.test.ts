import { addSubModel, identityModel } from '../../perf/bench/models'
import { TestEngine } from '../support/engine/engine-process'
import { errorOf } from '../support/engine/infer'

const body = (parameters: unknown) => ({
  inputs: [{ name: 'INPUT0', shape: [1, 1], datatype: 'FP32', data: [1] }],
  parameters,
})

describe('the parameters of a request', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: { simple: addSubModel(), same: identityModel('float32') },
    })
  })

  afterAll(() => engine.stop())

  it.each([
    [{ mine: 'text', number: 1.5, flag: true }],
    [{ priority: 0, timeout: 0 }],
    [{ priority: 2, timeout: 5_000_000 }],
    [{ sequence_id: 0, sequence_start: false, sequence_end: false }],
    [{ sequence_id: '' }],
  ])('%j are taken', async (parameters) => {
    expect((await engine.inferJson('same', body(parameters))).status).toBe(200)
  })

  const count = 'attempt to access JSON non-unsigned-integer as unsigned-integer'
  const sequence = 'sequence extension is not supported'
  const refusals: [unknown, number, string][] = [
    [[], 400, "Unable to parse 'parameters': attempt to access JSON non-object as object"],
    [{ a: null }, 400, "parameter 'a' has invalid type"],
    [{ a: [1] }, 400, "parameter 'a' has invalid type"],
    [{ triton_x: 1 }, 400, "parameter keys starting with 'triton_' are reserved"],
    [{ priority: -1 }, 400, `Unable to parse 'priority': ${count}`],
    [{ priority: '1' }, 400, `Unable to parse 'priority': ${count}`],
    [{ timeout: 1.5 }, 400, `Unable to parse 'timeout': ${count}`],
    [{ timeout: 2 ** 60 }, 400, `Unable to parse 'timeout': ${count}`],
    [{ binary_data_output: 1 }, 400, "Unable to parse 'binary_data_output'"],
    [{ sequence_id: 7 }, 501, sequence],
    [{ sequence_id: 'a' }, 501, sequence],
    [{ sequence_start: true }, 501, sequence],
    [{ sequence_id: 0, sequence_end: true }, 501, sequence],
  ]

  it.each(refusals)('%j are answered %i', async (parameters, status, message) => {
    const reply = await engine.inferJson('same', body(parameters))
    expect(errorOf(reply)).toContain(message)
    expect(reply.status).toBe(status)
  })
})
