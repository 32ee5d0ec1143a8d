import { addSubModel, identityModel } from '../../perf/bench/models'
import { TestEngine } from '../support/engine/engine-process'
import { waitUntil } from '../support/service/wait-until'

describe('the protocol', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        simple: addSubModel(),
        versions: [
          { file: identityModel('int32', [4]), version: '2' },
          { file: identityModel('int32', [3]), version: '10' },
          { file: identityModel('int32', [2]), version: '9', settings: { platform: 'mine' } },
          { file: Buffer.from('junk'), version: '11' },
        ],
      },
    })
  })

  afterAll(() => engine.stop())

  const described: [string, object][] = [
    [
      '/v2',
      {
        name: 'gristmill',
        extensions: [
          'binary_tensor_data',
          'classification',
          'logging',
          'model_configuration',
          'model_repository',
          'model_repository(unload_dependents)',
          'parameters',
          'schedule_policy',
          'statistics',
          'trace',
        ],
      },
    ],
    ['/v2/', { name: 'gristmill' }],
    ['/v2?test=1', { name: 'gristmill' }],
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models/simple/ready', { name: 'simple', ready: true }],
    ['/v2/models/simple/versions/1/ready', { name: 'simple', ready: true }],
    [
      '/v2/models/simple',
      {
        name: 'simple',
        versions: ['1'],
        platform: 'onnxruntime_onnx',
        inputs: [
          { name: 'INPUT0', datatype: 'INT32', shape: [-1, 16] },
          { name: 'INPUT1', datatype: 'INT32', shape: [-1, 16] },
        ],
        outputs: [
          { name: 'OUTPUT0', datatype: 'INT32', shape: [-1, 16] },
          { name: 'OUTPUT1', datatype: 'INT32', shape: [-1, 16] },
        ],
      },
    ],
    [
      '/v2/models/versions',
      {
        versions: ['2', '9', '10', '11'],
        inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: [3] }],
      },
    ],
    [
      '/v2/models/versions/versions/9',
      {
        versions: ['9'],
        platform: 'mine',
        inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: [2] }],
      },
    ],
  ]

  it.each(described)('GET %s describes', async (path, expected) => {
    const reply = await engine.call({ path })
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.json).toMatchObject(expected)
  })

  it('GET /v2/models lists what is loaded and what is not', async () => {
    const { json } = await engine.call({ path: '/v2/models' })
    expect(json['models']).toContainEqual({
      name: 'versions',
      version: '11',
      state: 'UNAVAILABLE',
      reason: 'model.onnx is truncated or is not an ONNX file',
    })
    expect(json['models']).toContainEqual({
      name: 'simple',
      version: '1',
      state: 'READY',
      reason: '',
    })
  })

  const cuda = 'cuda_shared_memory extension is not supported'
  const misses: [string, string, number, string][] = [
    ['GET', '/v2/models/x', 404, "Request for unknown model: 'x' is not found"],
    ['GET', '/v2/models/x/ready', 404, "Request for unknown model: 'x' is not found"],
    ['POST', '/v2/models/x/infer', 404, "Request for unknown model: 'x' is not found"],
    ['GET', '/v2/models/..%2fetc', 404, "Request for unknown model: '../etc' is not found"],
    ['GET', '/v2/models/constructor', 404, "Request for unknown model: 'constructor' is not found"],
    [
      'GET',
      '/v2/models/simple/versions/7',
      404,
      "Request for unknown model: 'simple' version 7 is not found",
    ],
    [
      'GET',
      '/v2/models/versions/versions/11/ready',
      503,
      "Request for unknown model: 'versions' version 11 is not at ready state: model.onnx is truncated or is not an ONNX file",
    ],
    ['GET', '/v2/models/simple/other', 404, 'Not Found'],
    ['GET', '/v2/models/%zz', 404, 'Not Found'],
    ['GET', '/v2/models/simple/versions/%zz', 404, 'Not Found'],
    ['GET', '/', 404, 'Not Found'],
    ['GET', '/v2/models/simple/infer', 405, 'Method Not Allowed'],
    ['POST', '/v2', 405, 'Method Not Allowed'],
    ['DELETE', '/v2/models/simple', 405, 'Method Not Allowed'],
    ['POST', '/v2/models/simple/generate', 501, 'generate extension is not supported'],
    [
      'POST',
      '/v2/models/simple/versions/1/generate_stream',
      501,
      'generate extension is not supported',
    ],
    ['GET', '/v2/models/simple/generate', 405, 'Method Not Allowed'],
    ['GET', '/v2/cudasharedmemory/status', 501, cuda],
    ['GET', '/v2/cudasharedmemory/region/a/status', 501, cuda],
    ['POST', '/v2/cudasharedmemory/region/a/register', 501, cuda],
    ['POST', '/v2/cudasharedmemory/unregister', 501, cuda],
    ['GET', '/v2/cudasharedmemory/unregister', 405, 'Method Not Allowed'],
  ]

  it.each(misses)('%s %s is answered %i', async (method, path, status, error) => {
    const reply = await engine.call({ method, path })
    expect(reply.status).toBe(status)
    expect(reply.json).toEqual({ error })
  })

  it('one request leaves one line in the perf log, with its stages', async () => {
    const reply = await engine.call({
      method: 'POST',
      path: '/v2/models/simple/infer',
      headers: { 'x-request-id': 'line-1', 'x-gristmill-account': 'account-1' },
      body: JSON.stringify({
        inputs: ['INPUT0', 'INPUT1'].map((name) => ({
          name,
          shape: [1, 16],
          datatype: 'INT32',
          data: new Array<number>(16).fill(1),
        })),
      }),
    })
    expect(reply.headers['x-request-id']).toBe('line-1')
    const line = await waitUntil('the line is there', () =>
      engine.perfLines().find(({ r }) => r === 'line-1'),
    )
    expect(line).toMatchObject({
      rt: 'POST /v2/models/:model/infer',
      s: 200,
      m: 'simple',
      b: 1,
      u: 'account-1',
    })
    for (const stage of ['read', 'parse', 'batch_wait', 'infer', 'write'])
      expect(line).toHaveProperty(stage)
  })
})
