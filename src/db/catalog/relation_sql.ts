/**
 * SQL: who owns a relation and what is granted on it, as members of a `json_build_object` of the
 * `pg_class` row `c` in the `pg_namespace` row `n`.
 *
 * `ownable` says whether this role may make a relation of the same owner.
 */
export const OWNER_AND_GRANTS = `'owner', pg_get_userbyid(c.relowner),
    'ownable', (select rolsuper from pg_roles where rolname = current_user)
      or pg_has_role(c.relowner, 'USAGE')
      and has_schema_privilege(c.relowner, n.oid, 'CREATE')
      and case when current_setting('server_version_num')::int >= 160000
        then pg_has_role(c.relowner, 'SET') else true end,
    'grants', (
      select coalesce(json_agg(distinct jsonb_build_object(
        'grantee', case when g.grantee <> 0 then pg_get_userbyid(g.grantee) end,
        'privilege', g.privilege_type, 'column', g.attname, 'grantable', g.is_grantable)), '[]')
      from (
        select null::name as attname, x.* from aclexplode(
          coalesce(c.relacl, acldefault('r', c.relowner))) x
        union all
        select a.attname, x.* from pg_attribute a, aclexplode(a.attacl) x
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) g)`;
