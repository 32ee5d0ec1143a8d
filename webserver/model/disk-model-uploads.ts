import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../domain/errors'
import type { ModelUploads, UploadedFile } from '../domain/model-uploads'
import { fileNamePattern } from './model-settings'
import { isModelName, isVersionName } from './repository'

/** Below the run directory: gone when the service stops. */
export class DiskModelUploads implements ModelUploads {
  constructor(private readonly directory: string) {}

  async keep(model: string, files: readonly UploadedFile[]): Promise<string> {
    requireNames(model, files)
    await mkdir(this.directory, { recursive: true, mode: 0o700 })
    const home = await mkdtemp(join(this.directory, 'model-'))
    try {
      for (const file of files) await place(join(home, model, file.version), file)
      return home
    } catch (error) {
      await rm(home, { recursive: true, force: true })
      throw error
    }
  }
}

async function place(directory: string, { name, content }: UploadedFile): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(join(directory, name), content, { mode: 0o600 })
}

function requireNames(model: string, files: readonly UploadedFile[]): void {
  if (!isModelName(model))
    throw new AppError(
      'invalid',
      'model: the name of an uploaded model has letters, digits, ".", "_" and "-"',
    )
  for (const { version, name } of files)
    if (!isVersionName(version) || !fileNamePattern.test(name))
      throw new AppError('invalid', `'file:${version}/${name}' does not name a file of a version`)
}
