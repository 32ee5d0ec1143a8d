import type { Caller } from '../domain/account'
import { AppError } from '../domain/errors'
import type { ModelUploads, UploadedFile } from '../domain/model-uploads'
import type { ModelState, ServiceControl } from '../domain/service-control'
import { requireAdmin } from './access'

export interface ModelServiceParts {
  control: ServiceControl
  uploads: ModelUploads
}

export interface LoadRequest {
  name: string
  /** `config` and `file:<version>/<name>` of the model repository extension, and our `measure`. */
  parameters: Readonly<Record<string, unknown>>
}

/** The models as all engines serve them together; the primary keeps the account. */
export class ModelService {
  constructor(private readonly parts: ModelServiceParts) {}

  /** Every version of every model, by name and then version. */
  async index({ readyOnly }: { readyOnly: boolean }): Promise<readonly ModelState[]> {
    const models = await this.parts.control.ask('models.index', null)
    return readyOnly ? models.filter(({ state }) => state === 'READY') : models
  }

  /**
   * Triton's ModelConfig of a version, the one in use by default.
   * @throws {AppError} `not_found`; `unavailable` with the reason while it is not loaded.
   */
  config(name: string, version: string | undefined): Promise<Readonly<Record<string, unknown>>> {
    return this.parts.control.ask('models.config', { name, version: version ?? null })
  }

  /**
   * Loads a model in every engine, or loads it again; nothing changes when that fails.
   * @throws {AppError} `forbidden` when the caller is no admin; `invalid` with the reason; `unavailable`, `deadline`.
   */
  async load(caller: Caller, { name, parameters }: LoadRequest): Promise<void> {
    requireAdmin(caller)
    requireName(name)
    const config = configIn(parameters)
    const files = filesIn(parameters)
    if (files.length > 0 && config === null)
      throw invalid(`failed to load '${name}', files need the parameter 'config' beside them`)
    const measure = measureIn(parameters)
    const directory = files.length === 0 ? null : await this.parts.uploads.keep(name, files)
    await this.parts.control.ask('models.load', { name, config, directory, measure })
  }

  /** @throws {AppError} as `load`; `not_found` when there is no such model. */
  async unload(caller: Caller, name: string): Promise<void> {
    requireAdmin(caller)
    requireName(name)
    await this.parts.control.ask('models.unload', { name })
  }
}

function requireName(name: string): void {
  if (/[/\\\0]|^\.\.?$/.test(name))
    throw invalid('model name must not contain path traversal characters')
}

function configIn({ config }: LoadRequest['parameters']): string | null {
  if (config === undefined) return null
  if (typeof config === 'string') return config
  throw invalid("Invalid value for 'config': expected a string of JSON")
}

function measureIn({ measure = false }: LoadRequest['parameters']): boolean {
  if (typeof measure === 'boolean') return measure
  throw invalid("Invalid value for 'measure': expected a boolean")
}

const filePattern = /^file:([^/]{1,128})\/([^/]{1,128})$/

function filesIn(parameters: LoadRequest['parameters']): UploadedFile[] {
  return Object.entries(parameters)
    .filter(([key]) => key !== 'config' && key !== 'measure')
    .map(([key, value]) => {
      const [, version, name] = filePattern.exec(key) ?? []
      if (version === undefined || name === undefined)
        throw invalid(`unexpected parameter '${key.slice(0, 128)}' of a load`)
      return { version, name, content: decodeBase64(key, value) }
    })
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/

function decodeBase64(key: string, value: unknown): Uint8Array {
  if (typeof value !== 'string' || !base64.test(value))
    throw invalid(`Invalid value for '${key}': expected base64`)
  return Buffer.from(value, 'base64')
}

function invalid(message: string): AppError {
  return new AppError('invalid', message)
}
