"""Loads a Parquet file into bench.duckdb: `duckdb.py POSTGRES FILE COLUMN...`, in the file's order."""

import glob
import os
import sys

# This folder has a module of the same name.
sys.path.pop(0)
import duckdb
import duckdb_ext

postgres, file, *columns = sys.argv[1:]
folder = list(duckdb_ext.__path__)[0]
[extension] = glob.glob(os.path.join(folder, "extensions/*/*/postgres_scanner.duckdb_extension"))
db = duckdb.connect(config={"allow_unsigned_extensions": "true"})
db.execute(f"load '{extension}'")
db.execute(f"attach '{postgres}' as pg (type postgres)")
names = [name for name, *_ in db.execute(f"describe select * from '{file}'").fetchall()]
values = [f'"{name}"' for name in names]
flag = columns.index("stored_and_forwarded")
values[flag] = f"{values[flag]} = 'Y'"
db.execute(
    f"insert into pg.bench.duckdb ({', '.join(columns)}, file_month) "
    f"select {', '.join(values)}, date '2021-01-01' from '{file}'"
)
