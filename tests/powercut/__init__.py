"""Power cuts: 100 × everything killed at random, on a disk that forgets what was not synced.

`python -m tests.powercut --times 100` (make powercut). What is modelled, exactly:

- Every process of the box runs with shim.c, which notes every write, truncation, creation, renaming, deletion
  and sync below the data folder, in order, with the instant. It changes nothing and delays nothing.
- At a random (seeded) instant the whole box is killed (SIGKILL to runner, core, cloud and bootstrapper).
- disk.py then makes the folder that the box would find: all that was written to a file before a sync of that
  file began that has ended is there. Of what was written later, by one of five fates drawn for each cut:
  nothing is there, all is there, a prefix (in order of writing) with its last write torn, a random subset, or
  a random subset with rubbish in some. The unit is the sector of 512 bytes: each is old or new, or rubbish
  within the bytes that were written. Bytes beside those written never change (SQLite's "powersafe overwrite",
  which holds for SD cards and SSDs that do not lie about a flush). A gap reads as zeros.
- A name (created, renamed, deleted) is there when its file or the folder was synced later; of the others a
  random prefix. This is stricter than ext4, which keeps their order with any sync.
- Not modelled: a disk that loses what it has confirmed as synced, dies, or changes what it was not told to;
  files that existed before the first start; the memory file (-shm), which a power cut takes away whole.

Then the box must find, before it is started again on that very folder: a store without a fault; every line of
the journal, occurrence of an error, telemetry record and count that was in the file one second (and as long as
the disk's slowest sync took) before the cut, and every mode that was confirmed to its asker before then; the
emergency stop latched when it was pressed before then.
"""
