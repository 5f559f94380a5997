GRANT UPDATE (claimed_by) ON outbox_effect TO tutela_desk;
