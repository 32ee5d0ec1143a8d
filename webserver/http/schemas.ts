import { z } from 'zod'

/** Input that several routes share. Lengths here only bound the work; the domain has the rules. */
export const nameSchema = z.string().max(256)
export const passwordSchema = z.string().max(1024)

/** Of routes under `/v2/models/:model`, and of those below a version of it. */
export const modelParams = z.strictObject({ model: z.string() })
export const versionParams = modelParams.extend({ version: z.string() })

export const timeSchema = z.string().meta({ format: 'date-time' })
