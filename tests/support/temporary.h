/* Directories on the real file system that a test may fill and throw away. */
#ifndef SUPPORT_TEMPORARY_H
#define SUPPORT_TEMPORARY_H

enum { TEMPORARY_PATH_MAX = 256 };

/* A new empty directory below TMPDIR or /tmp.  Aborts where none can be made. */
void temporary_create(char path[TEMPORARY_PATH_MAX]);
/* With everything in it; symbolic links are not followed. */
void temporary_remove(const char *path);

#endif
