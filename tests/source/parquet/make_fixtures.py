"""Writes the fixtures of parquet_test.ts: needs pyarrow and duckdb, which no test does."""

import datetime as dt
import decimal
import os
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

D=decimal.Decimal
out = os.path.dirname(os.path.abspath(__file__)) + '/'
n=7
def col(vals,t): return pa.array([vals[i%len(vals)] for i in range(n)],t)
cols={
 'id': pa.array(range(n),pa.int32()),
 'i8': col([-128,127,None],pa.int8()), 'u8': col([255,0],pa.uint8()),
 'u16': col([65535,0],pa.uint16()),
 'u32': col([4294967295,None],pa.uint32()), 'u64': col([18446744073709551615,None],pa.uint64()),
 'i64': col([9223372036854775807,-9223372036854775808,9007199254740993],pa.int64()),
 'whole': col([1.0,None,265.0],pa.float64()),
 'f64': col([0.1,-1e300,5e-324,None,float('nan'),float('inf'),-0.0],pa.float64()),
 'f32': col([1.5,-0.25,None],pa.float32()),
 'b': col([True,None,False],pa.bool_()),
 'd9': col([D('-0.05'),D('1234567.89'),None],pa.decimal128(9,2)),
 'd38': col([D('12345678901234567890123456789.012345678'),D('-0.000000001'),None],pa.decimal128(38,9)),
 'date': col([dt.date(2021,2,28),dt.date(1582,10,14),None,dt.date(9999,12,31),dt.date(1,1,1)],pa.date32()),
 'ts_ms': col([dt.datetime(2021,2,28,12,34,56,789000),None],pa.timestamp('ms')),
 'ts_us': col([dt.datetime(2021,2,28,12,34,56,789012),dt.datetime(1969,12,31,23,59,59,999999),dt.datetime(1,1,1)],pa.timestamp('us')),
 'ts_ns': pa.array([1614515696123456789,-1,None,0,1,2,3],pa.timestamp('ns')),
 'ts_utc': col([dt.datetime(2021,2,28,12,34,56,500000),None],pa.timestamp('us',tz='UTC')),
 't_ms': col([dt.time(23,59,59,999000)],pa.time32('ms')),
 't_us': col([dt.time(0,0,0,1),None],pa.time64('us')),
 's': col(['', ' x ','ünï 𝄞',None,'a "b" \\ / c','one\ntwo\ttab','null'],pa.string()),
 'bin': col([b'',b'\x00\xff\\x41',None],pa.binary()),
 'fix': col([b'abcd'],pa.binary(4)),
 'uuid': col([uuid.UUID('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11').bytes,None],pa.binary(16)),
 'list': pa.array([[1,None,2],[],None,[3],[],None,[4]],pa.list_(pa.int64())),
 'st': pa.array([{'a':1,'b':'x"'},None,{'a':None,'b':None}]+[{'a':9007199254740993,'b':'y'}]*4,pa.struct([('a',pa.int64()),('b',pa.string())])),
 'map': pa.array([[('k',D('1.50')),('__proto__',None)],[],None]+[[('z',D('0.01'))]]*4,pa.map_(pa.string(),pa.decimal128(30,2))),
 'deep': pa.array([[[{'t':dt.datetime(2021,1,1,0,0,0,1)}],None,[]],None,[]]+[[[{'t':None},None]]]*4,pa.list_(pa.list_(pa.struct([('t',pa.timestamp('us'))])))),
 'nul': pa.nulls(n),
}
t=pa.table(cols)
for name,kw in {
 'plain':dict(compression='none',use_dictionary=False),
 'snappy':dict(compression='snappy',row_group_size=3),
 'gzip_v2':dict(compression='gzip',data_page_version='2.0',row_group_size=4,data_page_size=10),
 'zstd_crc':dict(compression='zstd',write_page_checksum=True),
 'brotli':dict(compression='brotli',use_dictionary=False),
 'lz4':dict(compression='lz4'),
}.items():
  pq.write_table(t,out+name+'.parquet',**{k:v for k,v in kw.items()})
delta={c:'DELTA_BINARY_PACKED' for c in ['id','i64','u64','u32','date','ts_us']}|{'s':'DELTA_BYTE_ARRAY','bin':'DELTA_LENGTH_BYTE_ARRAY','f64':'BYTE_STREAM_SPLIT','f32':'BYTE_STREAM_SPLIT','b':'RLE'}
pq.write_table(t,out+'delta.parquet',use_dictionary=False,column_encoding=delta,data_page_version='2.0')
pq.write_table(t.select(['id','ts_ns']),out+'int96.parquet',use_deprecated_int96_timestamps=True)
pq.write_table(t.slice(0,0),out+'no_rows.parquet')
# many rows, several groups and pages
N=20000
big=pa.table({'id':pa.array(range(N),pa.int64()),'w':pa.array([f'w{i%13}' if i%7 else None for i in range(N)]),'l':pa.array([[i]*(i%4) for i in range(N)],pa.list_(pa.int32())),'n':pa.array([float(i) if i%5 else None for i in range(N)])})
pq.write_table(big,out+'pages.parquet',row_group_size=6000,data_page_size=2000,compression='zstd')
duckdb.execute(f"""copy (select * from (values
 (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '{{"a": [1, 2.50]}}'::json, interval '14 months 2 days 3.004 seconds', date '0044-03-15 (BC)', date '10000-01-01', 'ok'::blob, 12345678901234567890123456789012345678::hugeint::decimal(38,0), 1.5::float),
 (2, null, null, null, null, null, null, null, null)
) t(id, u, j, iv, bc, far, txt, d38, f)) to '{out}duckdb.parquet' (format parquet)""")
