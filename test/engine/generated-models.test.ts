import fc from 'fast-check'
import {
  addSubModel,
  externalDataModel,
  identityModel,
  loopModel,
  zerosModel,
} from '../../perf/bench/models'
import { constantOfShapeModel, nestedIfModel, stringsModel } from '../support/engine/attack-models'
import { TestEngine } from '../support/engine/engine-process'
import type { Choice } from '../support/engine/infer-mutations'
import { mutateModel } from '../support/engine/onnx-mutations'
import { errorOf, outputsOf, servesSimple } from '../support/engine/infer'

const rounds = 10
const modelsPerRound = 300
/** Of the first round; those after it count on. Another one shows other models. */
const firstSeed = 20_261_125
const gibibyte = 1024 ** 3

const number = fc.nat(0x7fff_ffff)
const choice: fc.Arbitrary<Choice> = fc.record({ what: number, where: number, value: number })
const choices = fc.record({
  base: number,
  mutations: fc.array(choice, { minLength: 1, maxLength: 3 }),
})

function generate(seed: number): Record<string, Buffer> {
  const bases = [
    addSubModel(),
    identityModel('float32'),
    identityModel('string', ['N']),
    zerosModel(),
    loopModel(3n),
    nestedIfModel(3),
    constantOfShapeModel([4n, 2n]),
    stringsModel(['a', 'bc']),
    externalDataModel('w.bin'),
  ]
  const samples = fc.sample(choices, { seed, numRuns: modelsPerRound })
  const files = samples.map(({ base, mutations }, index): [string, Buffer] => [
    `m${index}`,
    mutations.reduce(mutateModel, bases[base % bases.length]!),
  ])
  return Object.fromEntries(files)
}

const settings = { inference: { memoryBytesMax: 3 * gibibyte, loadTimeoutMs: 5000 } }
const request = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [7] }] }

describe(`${rounds * modelsPerRound} changed model files`, () => {
  it.each(Array.from({ length: rounds }, (_, round) => firstSeed + round))(
    'of seed %i are served or have a reason, and the engine serves the others',
    async (seed) => {
      const models = generate(seed)
      const engine = await TestEngine.start({
        models: { ...models, simple: addSubModel() },
        settings,
      })
      try {
        for (const name of Object.keys(models)) await expectServedOrRefused(engine, name)
        expect(await servesSimple(engine)).toBe(true)
        expect(engine.child.exitCode).toBeNull()
      } finally {
        expect(await engine.stop()).toEqual([0, null])
      }
    },
  )
})

async function expectServedOrRefused(engine: TestEngine, name: string): Promise<void> {
  const ready = await engine.call({ path: `/v2/models/${name}/ready` })
  if (ready.status === 503) {
    expect([name, errorOf(ready)]).toEqual([name, expect.stringMatching(/ready state: \S/)])
    expect(errorOf(ready)).not.toMatch(/onnxruntime_src|\/tmp\//)
    // ONNX Runtime would say so if it had tried to read another file.
    expect(errorOf(ready)).not.toContain('External data path')
    return
  }
  expect([name, ready.status]).toEqual([name, 200])
  // Most of them take other inputs, or fail at the run: what matters is that they say so.
  const reply = await engine.inferJson(name, request)
  if (reply.status === 200) expect(outputsOf(reply).length).toBeGreaterThan(0)
  else
    expect([name, [400, 500].includes(reply.status), errorOf(reply)]).toEqual([
      name,
      true,
      expect.any(String),
    ])
}
