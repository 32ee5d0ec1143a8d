/** A registered region of system shared memory (Triton's system shared memory extension). */
export interface SharedRegion {
  name: string
  /** Of the POSIX shared memory object, as `shm_open` takes it. */
  key: string
  /** Where in the object the region begins. */
  offsetBytes: number
  sizeBytes: number
}
