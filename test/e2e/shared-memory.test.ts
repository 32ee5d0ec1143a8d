import { readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { addSubModel, identityModel } from '../../perf/bench/models'
import { bytesOf, stringBytes } from '../support/engine/infer'
import { ModelClient } from '../support/service/model-client'
import { startService, type Service } from '../support/service/start-service'

const prefix = `gristmill-test-${process.pid}`
const objects: string[] = []

/** A shared memory object with this content, as `shm_open` would make it. */
function object(name: string, content: Uint8Array): { key: string; path: string } {
  const path = `/dev/shm/${prefix}-${name}`
  writeFileSync(path, content)
  objects.push(path)
  return { key: `/${prefix}-${name}`, path }
}

const numbers = Int32Array.from({ length: 16 }, (_, index) => index)
const region = '/systemsharedmemory/region'
const slice = (name: string, size: number, offset = 0) => ({
  shared_memory_region: name,
  shared_memory_byte_size: size,
  ...(offset === 0 ? {} : { shared_memory_offset: offset }),
})
const input = (name: string, parameters: object) => ({
  ...{ name, shape: [1, 16], datatype: 'INT32', parameters },
})

afterAll(() => {
  for (const path of objects) rmSync(path, { force: true })
})

describe.each([true, false])('system shared memory with nginx: %s', (nginx) => {
  let service: Service
  let client: ModelClient
  const ins = object(
    `in-${nginx}`,
    Buffer.concat([Buffer.alloc(8), bytesOf(numbers), bytesOf(numbers)]),
  )
  const outs = object(`out-${nginx}`, Buffer.alloc(256, 0xff))

  beforeAll(async () => {
    service = await startService({
      nginx,
      models: {
        simple: addSubModel(),
        text: identityModel('string'),
        half: identityModel('float16'),
      },
      settings: {
        cluster: { engines: 2 },
        inference: { systemSharedMemory: true, bodyBytesMax: 10_000, sharedMemoryRegionsMax: 4 },
      },
    })
    client = await ModelClient.signIn(service)
    const register = (name: string, key: string, size: number, offset: number) =>
      client.call('POST', `${region}/${name}/register`, { key, byte_size: size, offset })
    expect(await register('in', ins.key, 128, 8)).toMatchObject({ status: 200, json: {} })
    expect((await register('out', outs.key.slice(1), 256, 0)).status).toBe(200)
  })
  afterAll(() => service.dispose())

  const infer = (body: unknown, model = 'simple') =>
    client.call('POST', `/models/${model}/infer`, body)
  const inputs = [input('INPUT0', slice('in', 64)), input('INPUT1', slice('in', 64, 64))]
  const outputs = [
    { name: 'OUTPUT0', parameters: slice('out', 64, 128) },
    { name: 'OUTPUT1', parameters: slice('out', 100) },
  ]

  test('is listed', async () => {
    const { json } = await client.call('GET', '')
    expect(json['extensions']).toContain('system_shared_memory')
    const listed = [
      { name: 'in', key: ins.key, offset: 8, byte_size: 128 },
      { name: 'out', key: outs.key.slice(1), offset: 0, byte_size: 256 },
    ]
    expect((await client.call('GET', '/systemsharedmemory/status')).json).toEqual(listed)
    expect((await client.call('GET', `${region}/out/status`)).json).toEqual([listed[1]])
    const unknown = await client.call('GET', `${region}/none/status`)
    expect(unknown.status).toBe(404)
    expect(unknown.error).toBe("Unable to find system shared memory region: 'none'")
  })

  test('inputs come from it and outputs go to it, in every engine', async () => {
    for (let round = 0; round < 4; round++) {
      writeFileSync(outs.path, Buffer.alloc(256, 0xff))
      const { status, json } = await infer({ inputs, outputs })
      expect(status).toBe(200)
      expect(json['outputs']).toEqual([
        {
          ...{ name: 'OUTPUT0', datatype: 'INT32', shape: [1, 16] },
          parameters: {
            shared_memory_region: 'out',
            shared_memory_offset: 128,
            shared_memory_byte_size: 64,
          },
        },
        {
          ...{ name: 'OUTPUT1', datatype: 'INT32', shape: [1, 16] },
          parameters: {
            shared_memory_region: 'out',
            shared_memory_offset: 0,
            shared_memory_byte_size: 64,
          },
        },
      ])
      const written = readFileSync(outs.path)
      expect(written.subarray(0, 64)).toEqual(Buffer.alloc(64))
      expect(written.subarray(64, 128)).toEqual(Buffer.alloc(64, 0xff))
      expect(written.subarray(128, 192)).toEqual(bytesOf(numbers.map((value) => 2 * value)))
    }
  })

  test('mixes with JSON, carries BYTES, and lets FP16 out without binary data', async () => {
    const mixed = [inputs[0], { ...input('INPUT1', {}), data: [...numbers] }]
    const sum = await infer({ inputs: mixed, outputs: [{ name: 'OUTPUT0' }] })
    expect(sum.json['outputs']).toMatchObject([{ data: [...numbers.map((value) => 2 * value)] }])
    const bytes = stringBytes('ab', Buffer.of(0, 255))
    writeFileSync(ins.path, Buffer.concat([Buffer.alloc(8), bytes, Buffer.alloc(128)]))
    const text = {
      ...{
        name: 'INPUT0',
        shape: [2, 1],
        datatype: 'BYTES',
        parameters: slice('in', bytes.length),
      },
    }
    const to = [{ name: 'OUTPUT0', parameters: slice('out', 200) }]
    expect((await infer({ inputs: [text], outputs: to }, 'text')).status).toBe(200)
    expect(readFileSync(outs.path).subarray(0, bytes.length)).toEqual(bytes)
    const half = { ...text, datatype: 'FP16', parameters: slice('in', 4) }
    expect((await infer({ inputs: [half], outputs: to }, 'half')).status).toBe(200)
    expect(readFileSync(outs.path).subarray(0, 4)).toEqual(bytes.subarray(0, 4))
  })

  test('refuses slices that do not fit', async () => {
    const one = (parameters: object) => ({ inputs: [input('INPUT0', parameters), inputs[1]] })
    const refusals: [unknown, number, string][] = [
      [one(slice('none', 64)), 404, "Unable to find system shared memory region: 'none'"],
      [one(slice('in', 64, 65)), 400, "Invalid offset + byte size for shared memory region: 'in'"],
      [one(slice('in', 60)), 400, 'Expected 64, got 60'],
      [one({ shared_memory_region: 'in' }), 400, "'shared_memory_byte_size' must be specified"],
      [one(slice('in', 64, -1)), 400, "Unable to parse 'shared_memory_offset'"],
      [one({ ...slice('in', 64), binary_data_size: 64 }), 400, 'must set only one of'],
      [one({ ...slice('in', 64), shared_memory_region: 7 }), 400, 'non-string as string'],
      [
        { inputs, outputs: [{ name: 'OUTPUT0', parameters: slice('out', 60) }] },
        400,
        "for output 'OUTPUT0' (60 bytes) should be at least 64 bytes to hold the results",
      ],
      [{ inputs, outputs: [{ name: 'OUTPUT0', parameters: slice('out', 64, 200) }] }, 400, "'out'"],
    ]
    for (const [body, status, message] of refusals) {
      const answer = await infer(body)
      expect(answer.error).toContain(message)
      expect(answer.status).toBe(status)
    }
  })

  test('an input beyond the largest body is refused, and so is an object that has shrunk', async () => {
    const large = object(`large-${nginx}`, Buffer.alloc(40_000))
    const body = { key: large.key, byte_size: 40_000 }
    expect((await client.call('POST', `${region}/large/register`, body)).status).toBe(200)
    const text = { name: 'INPUT0', shape: [10_000, 1], datatype: 'BYTES' }
    const one = (parameters: object) => infer({ inputs: [{ ...text, parameters }] }, 'text')
    expect((await one(slice('large', 40_000))).status).toBe(413)
    truncateSync(large.path, 100)
    const shrunk = await one(slice('large', 8000))
    expect(shrunk.status).toBe(400)
    expect(shrunk.error).toContain("region 'large' ends at byte 40000, its object has 100")
    rmSync(large.path)
    expect((await one(slice('large', 8000))).error).toContain('Unable to open')
    expect((await client.call('POST', `${region}/large/unregister`)).status).toBe(200)
    expect((await one(slice('large', 8000))).status).toBe(404)
  })

  test('registers only what is there', async () => {
    const link = `/dev/shm/${prefix}-link-${nginx}`
    symlinkSync(ins.path, link)
    objects.push(link)
    const refusals: [string, unknown, string][] = [
      ['in', { key: ins.key, byte_size: 1 }, "shared memory region 'in' already in manager"],
      ['a', { byte_size: 1 }, "no 'key' field"],
      ['a', { key: ins.key }, 'byte_size'],
      ['a', { key: ins.key, byte_size: 0 }, 'byte_size'],
      ['a', { key: ins.key, byte_size: 1, offset: -1 }, 'offset'],
      ['a', { key: ins.key, byte_size: 1000 }, "region 'a' ends at byte 1000"],
      [
        'a',
        { key: '/none-of-that-name', byte_size: 1 },
        "Unable to open shared memory region: 'a'",
      ],
      ['a', { key: `/${prefix}-link-${nginx}`, byte_size: 1 }, 'Unable to open'],
      ['a', { key: '/..', byte_size: 1 }, 'not a plain name'],
      ['a', { key: '../etc/passwd', byte_size: 1 }, 'not a plain name'],
      ['a', { key: '/a/b', byte_size: 1 }, 'not a plain name'],
      ['a', { key: '//a', byte_size: 1 }, 'not a plain name'],
      ['a', { key: '/sem.a', byte_size: 1 }, 'not a plain name'],
      ['a', { key: '/a\0b', byte_size: 1 }, 'not a plain name'],
      ['a'.repeat(201), { key: ins.key, byte_size: 1 }, 'at most 200 characters'],
    ]
    for (const [name, body, message] of refusals) {
      const answer = await client.call('POST', `${region}/${name}/register`, body)
      expect(answer.error).toContain(message)
      expect(answer.status).toBe(400)
    }
  })

  test('has a limit, outlives engines, and is forgotten on demand', async () => {
    const register = (name: string) =>
      client.call('POST', `${region}/${name}/register`, { key: ins.key, byte_size: 8 })
    for (const name of ['a', 'b']) expect((await register(name)).status).toBe(200)
    expect((await register('c')).error).toContain('there are 4 shared memory regions, the most')
    for (const pid of service.pids('engine')) process.kill(pid, 'SIGKILL')
    await service.ready()
    writeFileSync(ins.path, Buffer.alloc(200))
    const answers = await Promise.all(Array.from({ length: 4 }, () => infer({ inputs, outputs })))
    expect(answers.filter(({ status }) => status === 200 || status === 503)).toHaveLength(4)
    expect((await client.call('POST', '/systemsharedmemory/unregister')).status).toBe(200)
    expect((await client.call('GET', '/systemsharedmemory/status')).json).toEqual([])
    expect((await client.call('POST', `${region}/a/unregister`)).status).toBe(200)
  })
})
