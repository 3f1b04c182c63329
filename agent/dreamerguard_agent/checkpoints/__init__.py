"""Checkpoints on disk: checksummed, verified, published in one step, chosen by soundness, saved in the background.

A checkpoint is a folder that is numbered by agent steps:

| file | content |
| --- | --- |
| ``manifest.json`` | counters of the run; type, shape, file, offset and SHA-256 of every array; names of packs |
| ``manifest.sha256`` | SHA-256 of ``manifest.json``, written last |
| ``PART.bin`` | the arrays of one part, for example ``learner.bin``, as raw little-endian bytes |
| ``replay-*.bin`` | packs: pieces of the replay; a pack may be a hard link that several checkpoints share |

`array_file` writes and verifies, `manifest` describes, `chunks` describes the replay's pieces, `checkpoint` reads,
`draft` writes a checkpoint, `folder` chooses, publishes and removes, `saver` runs `draft` in a thread.
"""
