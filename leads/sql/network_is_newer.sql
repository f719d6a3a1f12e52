-- Whether the network changed since it was last looked at. Grain: one row. The worker asks twice a second: nothing is written here.
select coalesce(max(id), 0) > coalesce((select change from change_reader where name = 'leads.network'), 0) from network_version
