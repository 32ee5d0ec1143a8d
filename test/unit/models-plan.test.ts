import { LifeSigns } from '../../webserver/cluster/life-signs'
import { ModelDeaths } from '../../webserver/cluster/model-deaths'
import { pinsBetween, enginesFor } from '../../webserver/domain/model-pins'
import type { PlannedModel } from '../../webserver/model/model-plan'
import { modelSettingsSchema } from '../../webserver/model/model-settings'
import { settingsFromConfig } from '../../webserver/model/triton-config'
import { applyPolicy, compareVersions } from '../../webserver/model/version-policy'

test('versions are ordered by their numbers, and words come before them', () => {
  const versions = ['10', '2', 'v10', 'v2', '1', 'old']
  expect(versions.sort(compareVersions)).toEqual(['old', 'v2', 'v10', '1', '2', '10'])
})

test('a policy chooses among the versions', () => {
  const versions = ['1', '2', '3']
  expect(applyPolicy(versions, 'all')).toEqual(versions)
  expect(applyPolicy(versions, { latest: 2 })).toEqual(['2', '3'])
  expect(applyPolicy(versions, { specific: ['3', '1', '7'] })).toEqual(['1', '3'])
})

describe('the signs of life of an engine', () => {
  const heard = (...chunks: string[]) => {
    const signs = new LifeSigns()
    for (const chunk of chunks) signs.hear(Buffer.from(chunk))
    return signs
  }

  test.each([
    ['between beats', ['...run a.b 1\n', '..']],
    ['in pieces', ['.ru', 'n a', '.b 1', '\n']],
    ['after another', ['run c 2\nidle\n.run a.b 1\n']],
  ])('name the model that runs, %s', (_, chunks) => {
    expect(heard(...chunks).blamed('SIGSEGV')).toEqual({ name: 'a.b', version: '1' })
  })

  test.each([
    ['nothing ran', ['run a 1\n.idle\n..'], 'SIGSEGV'],
    ['somebody killed it', ['run a 1\n'], 'SIGKILL'],
    ['it ended by itself', ['run a 1\n'], null],
    ['nothing was said', ['...'], 'SIGABRT'],
  ] as const)('blame nobody when %s', (_, chunks, signal) => {
    expect(heard(...chunks).blamed(signal)).toBeNull()
  })
})

describe('deaths', () => {
  let now = 0
  const settings = { modelDeathsMax: 2, modelDeathsWindowMs: 1000 }
  const model: PlannedModel = {
    ...{ name: 'm', version: '1', directory: '/m', path: '/m/1/model.onnx', sizeBytes: 1 },
    ...{ modifiedAtMs: 0, sha256: 'a', settings: modelSettingsSchema.parse({}) },
    ...{ checked: null, tuning: null, refusal: null, load: 'start' as const },
  }

  test('count within the window, for one content, until they are forgiven', () => {
    const deaths = new ModelDeaths(settings, () => now)
    expect(deaths.record(model)).toBe(false)
    now = 2000
    expect(deaths.record(model)).toBe(false)
    expect(deaths.refusalOf(model)).toBeNull()
    expect(deaths.record(model)).toBe(true)
    expect(deaths.refusalOf(model)).toBe('it ended 2 engines; load it again to retry')
    expect(deaths.refusalOf({ ...model, sha256: 'b' })).toBeNull()
    expect(deaths.refusalOf({ ...model, version: '2' })).toBeNull()
    deaths.forgive('other')
    expect(deaths.refusalOf(model)).not.toBeNull()
    deaths.forgive('m')
    expect(deaths.refusalOf(model)).toBeNull()
  })
})

describe('pins', () => {
  test('lead to engines that have the model before and after', () => {
    expect(pinsBetween({ a: [1, 2], b: [1], c: [3] }, { a: [2, 3], b: [2], d: [1] })).toEqual({
      ...{ a: [2], b: [2], c: [3], d: [1] },
    })
  })

  test.each([
    ['/v2/models/a.b/infer?x=1', [2]],
    ['/v2/models/a%2Eb', [2]],
    ['/v2/models/a.b?x', [2]],
    ['/v2/models/constructor/infer', null],
    ['/v2/models/%zz/infer', null],
    ['/v2/models', null],
    ['/v2/health/ready', null],
  ])('are found by the path %s', (target, engines) => {
    expect(enginesFor(target, { 'a.b': [2] })).toEqual(engines)
  })
})

test('of a configuration, what has a counterpart becomes a setting', () => {
  const config = {
    name: 'm',
    max_batch_size: '8',
    version_policy: { specific: { versions: ['1', 3] } },
    dynamic_batching: {
      preferred_batch_size: [4, '8'],
      max_queue_delay_microseconds: '100',
      default_queue_policy: { max_queue_size: 5, default_timeout_microseconds: '1500' },
    },
    parameters: { intra_op_thread_count: { string_value: '2' } },
    instance_group: [{ count: 2 }],
  }
  expect(settingsFromConfig(JSON.stringify(config), 'm')).toEqual({
    versionPolicy: { specific: ['1', '3'] },
    batchItemsMax: 8,
    preferredBatchSizes: [4, 8],
    queueDelayUs: 100,
    queueMax: 5,
    queueTimeoutMs: 2,
    threads: 2,
  })
  expect(settingsFromConfig('{"max_batch_size":0}', 'm')).toEqual({ batching: false })
  expect(settingsFromConfig('{}', 'm')).toEqual({})
})
