CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE bundle (
	id VARCHAR(32) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	received_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE challenge (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	identifier_id VARCHAR(32) NOT NULL,
	purpose VARCHAR(16) NOT NULL,
	sealed_code BLOB NOT NULL,
	tries INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	sent_at DATETIME,
	used_at DATETIME, failed_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE consent (
	id INTEGER NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	subject VARCHAR(80) NOT NULL,
	purpose VARCHAR(60) NOT NULL,
	state VARCHAR(12) NOT NULL,
	manner VARCHAR(12) NOT NULL,
	rule_version VARCHAR(60) NOT NULL,
	source VARCHAR(60) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	at DATETIME NOT NULL, given_by VARCHAR(12) DEFAULT 'self' NOT NULL, guardian VARCHAR(80) DEFAULT '' NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE identifier (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	type VARCHAR(40) NOT NULL,
	sealed BLOB NOT NULL,
	blind VARCHAR(80) NOT NULL,
	proof VARCHAR(16) NOT NULL,
	proved_at DATETIME, on_file BOOLEAN, changed_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE journal (
	id INTEGER NOT NULL,
	step_id VARCHAR(120) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	chunk INTEGER NOT NULL,
	fence INTEGER NOT NULL,
	collection VARCHAR(120) NOT NULL,
	phase VARCHAR(8) NOT NULL,
	affected INTEGER NOT NULL,
	digest VARCHAR(64) NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE keyring (
	request_id VARCHAR(32) NOT NULL,
	sealed BLOB NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (request_id)
);
CREATE TABLE lookup (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	question VARCHAR(40) NOT NULL,
	level INTEGER NOT NULL,
	sealed_input BLOB NOT NULL,
	sealed_answer BLOB,
	state VARCHAR(12) NOT NULL,
	code VARCHAR(60) NOT NULL,
	created_at DATETIME NOT NULL,
	answered_at DATETIME,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE nonce (
	hash VARCHAR(64) NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (hash)
);
CREATE TABLE outbox (
	id INTEGER NOT NULL,
	job VARCHAR(40) NOT NULL,
	args JSON NOT NULL,
	queue VARCHAR(16) NOT NULL,
	created_at DATETIME NOT NULL,
	not_before DATETIME,
	sent_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE "plan" (
	request_id VARCHAR(32) NOT NULL,
	config_hash VARCHAR(64) NOT NULL,
	schema_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	body JSON NOT NULL,
	created_at DATETIME NOT NULL,
	needs_approval BOOLEAN NOT NULL,
	approved_by VARCHAR(60) NOT NULL,
	approved_at DATETIME,
	PRIMARY KEY (request_id)
);
CREATE TABLE preference (
	subject VARCHAR(80) NOT NULL,
	name VARCHAR(60) NOT NULL,
	value VARCHAR(40) NOT NULL,
	changed_at DATETIME NOT NULL,
	effective_at DATETIME,
	pending JSON NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	alarmed_at DATETIME,
	breached_at DATETIME,
	extra JSON NOT NULL,
	PRIMARY KEY (subject, name)
);
CREATE TABLE request (
	id VARCHAR(32) NOT NULL,
	kind VARCHAR(40) NOT NULL,
	option VARCHAR(40) NOT NULL,
	parameters JSON NOT NULL,
	regimes JSON NOT NULL,
	state VARCHAR(40) NOT NULL,
	wait VARCHAR(40) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	bundle_id VARCHAR(32) NOT NULL,
	follows VARCHAR(32) NOT NULL,
	merged_into VARCHAR(32) NOT NULL,
	subject VARCHAR(80) NOT NULL,
	fingerprint VARCHAR(80) NOT NULL,
	channel VARCHAR(16) NOT NULL,
	locale VARCHAR(16) NOT NULL,
	level INTEGER NOT NULL,
	level_needed INTEGER NOT NULL,
	acr VARCHAR(16) NOT NULL,
	needs JSON NOT NULL,
	received_at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	promised_at DATETIME NOT NULL,
	verified_at DATETIME,
	closed_at DATETIME,
	irreversible_at DATETIME,
	purge_at DATETIME,
	next_at DATETIME,
	map_version INTEGER NOT NULL,
	map_hash VARCHAR(64) NOT NULL,
	reason VARCHAR(60) NOT NULL,
	head_seq INTEGER NOT NULL,
	head_hash VARCHAR(64) NOT NULL,
	version INTEGER NOT NULL, requester_role VARCHAR(40) DEFAULT 'self' NOT NULL, age_band VARCHAR(40) DEFAULT 'unknown' NOT NULL, delivers_to VARCHAR(16) DEFAULT 'subject' NOT NULL, not_me_at DATETIME, extension_reason VARCHAR(60) DEFAULT '' NOT NULL, first_due_at DATETIME, pause_cause VARCHAR(24) DEFAULT '' NOT NULL, paused_at DATETIME, paused_days INTEGER DEFAULT '0' NOT NULL, due_provisional BOOLEAN DEFAULT 0 NOT NULL, regimes_because VARCHAR(12) DEFAULT '' NOT NULL, ack_at DATETIME, acked_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE sealed_note (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	purpose VARCHAR(40) NOT NULL,
	sealed BLOB NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE step (
	id VARCHAR(120) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	phase INTEGER NOT NULL,
	action VARCHAR(20) NOT NULL,
	store VARCHAR(60) NOT NULL,
	state VARCHAR(40) NOT NULL,
	queue VARCHAR(16) NOT NULL,
	lease_owner VARCHAR(80) NOT NULL,
	next_at DATETIME,
	fence INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	code VARCHAR(60) NOT NULL,
	note VARCHAR(400) NOT NULL,
	result JSON NOT NULL,
	started_at DATETIME,
	done_at DATETIME,
	done_by VARCHAR(60) NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE subject_lock (
	subject VARCHAR(80) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (subject, request_id)
);
CREATE TABLE backend (
	id VARCHAR(32) NOT NULL,
	name VARCHAR(80) NOT NULL,
	audience VARCHAR(120) NOT NULL,
	assertion_keys JSON NOT NULL,
	level_cap INTEGER NOT NULL,
	regimes JSON NOT NULL,
	origins JSON NOT NULL,
	created_at DATETIME NOT NULL,
	closed_at DATETIME, uses JSON DEFAULT '["service"]' NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (name)
);
CREATE TABLE backend_key (
	id VARCHAR(32) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	prefix VARCHAR(16) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	scopes JSON NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME,
	revoked_at DATETIME,
	PRIMARY KEY (id),
	UNIQUE (prefix)
);
CREATE TABLE checkpoint (
	id INTEGER NOT NULL,
	at DATETIME NOT NULL,
	previous VARCHAR(64) NOT NULL,
	root VARCHAR(64) NOT NULL,
	chains INTEGER NOT NULL,
	last_entry_id BIGINT NOT NULL,
	settled_entry_id BIGINT NOT NULL,
	snapshot BIGINT NOT NULL,
	key_id VARCHAR(40) NOT NULL,
	signature VARCHAR(120) NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE checkpoint_leaf (
	checkpoint_id INTEGER NOT NULL,
	chain VARCHAR(40) NOT NULL,
	seq INTEGER NOT NULL,
	hash VARCHAR(64) NOT NULL,
	purged_at DATETIME,
	purge_key VARCHAR(40) NOT NULL,
	purge_signature VARCHAR(120) NOT NULL,
	PRIMARY KEY (checkpoint_id, chain)
);
CREATE TABLE day_chain (
	name VARCHAR(40) NOT NULL,
	head_seq INTEGER NOT NULL,
	head_hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE entry (
	id INTEGER NOT NULL,
	chain VARCHAR(40) NOT NULL,
	seq INTEGER NOT NULL,
	at DATETIME NOT NULL,
	event VARCHAR(60) NOT NULL,
	actor VARCHAR(60) NOT NULL,
	data JSON NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (chain, seq)
);
CREATE TABLE grant (
	id VARCHAR(32) NOT NULL,
	package_id VARCHAR(32) NOT NULL,
	token_hash VARCHAR(64) NOT NULL,
	level INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (token_hash)
);
CREATE TABLE idempotency (
	id INTEGER NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	key_hash VARCHAR(64) NOT NULL,
	body_hmac VARCHAR(64) NOT NULL,
	sealed_reply BLOB NOT NULL,
	status INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (backend_id, key_hash)
);
CREATE TABLE notice (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	event VARCHAR(40) NOT NULL,
	identifier_id VARCHAR(32) NOT NULL,
	challenge_id VARCHAR(32) NOT NULL,
	state VARCHAR(12) NOT NULL,
	attempts INTEGER NOT NULL,
	next_at DATETIME,
	created_at DATETIME NOT NULL,
	sent_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE receipt (
	request_id VARCHAR(32) NOT NULL,
	body VARCHAR NOT NULL,
	key_id VARCHAR(40) NOT NULL,
	signature VARCHAR(120) NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (request_id)
);
CREATE TABLE staff (
	id VARCHAR(32) NOT NULL,
	name VARCHAR(80) NOT NULL,
	roles JSON NOT NULL,
	created_at DATETIME NOT NULL,
	closed_at DATETIME,
	PRIMARY KEY (id),
	UNIQUE (name)
);
CREATE TABLE store_status (
	store VARCHAR(60) NOT NULL,
	connector VARCHAR(40) NOT NULL,
	manifest JSON NOT NULL,
	healthy BOOLEAN NOT NULL,
	note VARCHAR(400) NOT NULL,
	schema_hash VARCHAR(64) NOT NULL,
	findings JSON NOT NULL,
	checked_at DATETIME NOT NULL, worker VARCHAR(80) DEFAULT '' NOT NULL, looked_at DATETIME,
	PRIMARY KEY (store)
);
CREATE TABLE webhook_subscription (
	id VARCHAR(32) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	url VARCHAR(500) NOT NULL,
	sealed_secret BLOB NOT NULL,
	events JSON NOT NULL,
	created_at DATETIME NOT NULL,
	closed_at DATETIME, origin VARCHAR(500) DEFAULT '' NOT NULL, role VARCHAR(20) DEFAULT '' NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE aftercare (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	kind VARCHAR(16) NOT NULL,
	store VARCHAR(63) NOT NULL,
	state VARCHAR(12) NOT NULL,
	round INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	code VARCHAR(60) NOT NULL,
	note VARCHAR(400) NOT NULL,
	result JSON NOT NULL,
	created_at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	next_at DATETIME,
	done_at DATETIME,
	done_by VARCHAR(60) NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE capsule (
	request_id VARCHAR(32) NOT NULL,
	sealed BLOB NOT NULL,
	acted_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (request_id)
);
CREATE TABLE receipt_opening (
	request_id VARCHAR(32) NOT NULL,
	salt BLOB NOT NULL,
	leaves JSON NOT NULL,
	PRIMARY KEY (request_id)
);
CREATE TABLE suppression (
	blind VARCHAR(80) NOT NULL,
	key_id VARCHAR(40) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	kinds JSON NOT NULL,
	"before" DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (blind)
);
CREATE TABLE hold_approval (
	id VARCHAR(32) NOT NULL,
	path VARCHAR(160) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	rank VARCHAR(40) NOT NULL,
	basis VARCHAR(400) NOT NULL,
	because VARCHAR(400) NOT NULL,
	approved_by VARCHAR(60) NOT NULL,
	approved_at DATETIME NOT NULL,
	revoked_by VARCHAR(60) NOT NULL,
	revoked_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE legal_hold (
	id VARCHAR(32) NOT NULL,
	path VARCHAR(160) NOT NULL,
	blind VARCHAR(80) NOT NULL,
	key_id VARCHAR(40) NOT NULL,
	rank VARCHAR(40) NOT NULL,
	basis VARCHAR(400) NOT NULL,
	until DATETIME,
	placed_by VARCHAR(60) NOT NULL,
	placed_at DATETIME NOT NULL,
	approved_by VARCHAR(60) NOT NULL,
	approved_at DATETIME,
	released_by VARCHAR(60) NOT NULL,
	released_at DATETIME, release_proposed_by VARCHAR(60) DEFAULT '' NOT NULL, release_proposed_at DATETIME, release_because_id VARCHAR(32) DEFAULT '' NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE hold_exception (
	id VARCHAR(32) NOT NULL,
	path VARCHAR(160) NOT NULL,
	statement VARCHAR(400) NOT NULL,
	alternative VARCHAR(400) NOT NULL,
	stated_by VARCHAR(60) NOT NULL,
	approved_by VARCHAR(60) NOT NULL,
	approved_at DATETIME NOT NULL,
	review_at DATETIME NOT NULL,
	ended_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE held_rows (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	collection VARCHAR(160) NOT NULL,
	code VARCHAR(60) NOT NULL,
	basis VARCHAR(400) NOT NULL,
	rank VARCHAR(40) NOT NULL,
	count INTEGER NOT NULL,
	earliest DATETIME,
	latest DATETIME,
	hold_id VARCHAR(32) NOT NULL,
	sealed BLOB NOT NULL,
	state VARCHAR(12) NOT NULL,
	fence INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	note VARCHAR(400) NOT NULL,
	next_at DATETIME,
	created_at DATETIME NOT NULL,
	ended_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE disputed_value (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	person VARCHAR(64) NOT NULL,
	collection VARCHAR(160) NOT NULL,
	field VARCHAR(120) NOT NULL,
	settled BOOLEAN NOT NULL,
	since DATETIME NOT NULL,
	sealed BLOB NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE released_value (
	id VARCHAR(64) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	person VARCHAR(64) NOT NULL,
	value VARCHAR(64) NOT NULL,
	released_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE correction_guard (
	id VARCHAR(64) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	person VARCHAR(64) NOT NULL,
	collection VARCHAR(160) NOT NULL,
	field VARCHAR(120) NOT NULL,
	created_at DATETIME NOT NULL,
	sealed BLOB NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE store_gate (
	store VARCHAR(63) NOT NULL,
	full_at DATETIME,
	circuit VARCHAR(40) NOT NULL,
	strikes INTEGER NOT NULL,
	openings INTEGER NOT NULL,
	until DATETIME,
	probe VARCHAR(120) NOT NULL,
	reason VARCHAR(60) NOT NULL,
	changed_at DATETIME,
	PRIMARY KEY (store)
);
CREATE TABLE store_turn (
	store VARCHAR(63) NOT NULL,
	holder VARCHAR(120) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	queue VARCHAR(16) NOT NULL,
	since DATETIME NOT NULL,
	begun_at DATETIME,
	rung_at DATETIME,
	until DATETIME,
	PRIMARY KEY (store, holder)
);
CREATE TABLE escrow_key (
	request_id VARCHAR(32) NOT NULL,
	sealed BLOB NOT NULL,
	used_at DATETIME NOT NULL,
	PRIMARY KEY (request_id)
);
CREATE TABLE portal_session (
	id VARCHAR(64) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	sealed BLOB NOT NULL,
	origin VARCHAR(300) NOT NULL,
	requests JSON NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL, proofs JSON DEFAULT '[]' NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE proof (
	request_id VARCHAR(32) NOT NULL,
	way VARCHAR(40) NOT NULL,
	level INTEGER NOT NULL,
	at DATETIME NOT NULL,
	verifier VARCHAR(60) NOT NULL,
	rests_on JSON NOT NULL,
	PRIMARY KEY (request_id, way)
);
CREATE TABLE proof_try (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	lookup_id VARCHAR(32) NOT NULL,
	way VARCHAR(40) NOT NULL,
	blind VARCHAR(80) NOT NULL,
	visit VARCHAR(64) NOT NULL,
	outcome VARCHAR(12) NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE proof_demand (
	request_id VARCHAR(32) NOT NULL,
	way VARCHAR(40) NOT NULL,
	override BOOLEAN NOT NULL,
	asked_by VARCHAR(60) NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (request_id, way)
);
CREATE TABLE representation (
	request_id VARCHAR(32) NOT NULL,
	role VARCHAR(40) NOT NULL,
	relation VARCHAR(20) NOT NULL,
	attested BOOLEAN NOT NULL,
	matters JSON NOT NULL,
	scope VARCHAR(12) NOT NULL,
	until DATE,
	signed BOOLEAN NOT NULL,
	sealed BLOB NOT NULL,
	delegated_at DATETIME,
	confirmed_at DATETIME,
	method VARCHAR(20) NOT NULL,
	result VARCHAR(20) NOT NULL,
	verifier VARCHAR(40) NOT NULL,
	decided_at DATETIME,
	decision_hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (request_id)
);
CREATE TABLE representative_contact (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	type VARCHAR(40) NOT NULL,
	sealed BLOB NOT NULL,
	blind VARCHAR(80) NOT NULL,
	proof VARCHAR(16) NOT NULL,
	proved_at DATETIME, client VARCHAR(80) DEFAULT '' NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE evidence (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	wrapped_key BLOB NOT NULL,
	file_id VARCHAR(32) NOT NULL,
	size INTEGER NOT NULL,
	media_type VARCHAR(20) NOT NULL,
	uploaded_at DATETIME NOT NULL,
	destroy_at DATETIME NOT NULL,
	destroyed_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE arrangement (
	id INTEGER NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	subject VARCHAR(80) NOT NULL,
	version INTEGER NOT NULL,
	rules JSON NOT NULL,
	level INTEGER NOT NULL,
	channel VARCHAR(16) NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE warning_due (
	request_id VARCHAR(32) NOT NULL,
	event VARCHAR(40) NOT NULL,
	attempts INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	next_at DATETIME,
	PRIMARY KEY (request_id, event)
);
CREATE TABLE contact_warning (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	event VARCHAR(40) NOT NULL,
	type VARCHAR(40) NOT NULL,
	sealed BLOB NOT NULL,
	mark VARCHAR(80) NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	noted_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE writing (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	purpose VARCHAR(24) NOT NULL,
	sealed BLOB NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE appeal (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	outcome VARCHAR(12) NOT NULL,
	assigned_to VARCHAR(32) NOT NULL,
	received_at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	promised_at DATETIME NOT NULL,
	decided_at DATETIME,
	decided_by VARCHAR(60) NOT NULL,
	led_to VARCHAR(32) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (request_id)
);
CREATE TABLE complaint (
	id VARCHAR(32) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	subject VARCHAR(80) NOT NULL,
	regimes JSON NOT NULL,
	locale VARCHAR(16) NOT NULL,
	channel VARCHAR(16) NOT NULL,
	received_at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	promised_at DATETIME NOT NULL,
	answered_at DATETIME,
	answered_by VARCHAR(60) NOT NULL, ack_at DATETIME, acked_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE sign_in_provider (
	backend_id VARCHAR(32) NOT NULL,
	title VARCHAR(80) NOT NULL,
	issuer VARCHAR(300) NOT NULL,
	client_id VARCHAR(200) NOT NULL,
	sealed_secret BLOB NOT NULL,
	scopes JSON NOT NULL,
	claims JSON NOT NULL,
	acrs JSON NOT NULL,
	amrs JSON NOT NULL,
	ask_acrs JSON NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (backend_id)
);
CREATE TABLE sign_in (
	id VARCHAR(64) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	browser VARCHAR(64) NOT NULL,
	sealed BLOB NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE person_key (
	id VARCHAR(32) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	subject VARCHAR(80) NOT NULL,
	way VARCHAR(12) NOT NULL,
	credential VARCHAR(80),
	sealed BLOB NOT NULL,
	public_key BLOB NOT NULL,
	sign_count BIGINT NOT NULL,
	last_step BIGINT NOT NULL,
	tries INTEGER NOT NULL,
	blocked_until DATETIME,
	created_at DATETIME NOT NULL,
	last_used_at DATETIME,
	PRIMARY KEY (id),
	UNIQUE (credential)
);
CREATE TABLE key_challenge (
	id VARCHAR(64) NOT NULL,
	sealed BLOB NOT NULL,
	tries INTEGER NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE key_proof (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	key_id VARCHAR(32) NOT NULL,
	way VARCHAR(12) NOT NULL,
	trusted BOOLEAN NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE key_letter (
	id VARCHAR(32) NOT NULL,
	subject VARCHAR(80) NOT NULL,
	visit VARCHAR(64) NOT NULL,
	event VARCHAR(40) NOT NULL,
	way VARCHAR(12) NOT NULL,
	locale VARCHAR(20) NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE content_approval (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	asked_by VARCHAR(32) NOT NULL,
	approved_by VARCHAR(32) NOT NULL,
	purpose VARCHAR(24) NOT NULL,
	asked_at DATETIME NOT NULL,
	approved_at DATETIME,
	expires_at DATETIME,
	PRIMARY KEY (id),
	CONSTRAINT two_people CHECK (approved_by <> asked_by)
);
CREATE TABLE tag_kept_away (
	blind VARCHAR(80) NOT NULL,
	subject VARCHAR(80) NOT NULL,
	key_id VARCHAR(40) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	"before" DATETIME,
	at DATETIME NOT NULL,
	PRIMARY KEY (blind, request_id)
);
CREATE TABLE denial_proposal (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	reason VARCHAR(60) NOT NULL,
	channel VARCHAR(16) NOT NULL,
	regimes JSON NOT NULL,
	facts_id VARCHAR(32) NOT NULL,
	proposed_by VARCHAR(32) NOT NULL,
	proposed_at DATETIME NOT NULL,
	outcome VARCHAR(12) NOT NULL,
	decided_by VARCHAR(32) NOT NULL,
	decided_at DATETIME, law_id VARCHAR(32) DEFAULT '' NOT NULL, rank VARCHAR(32) DEFAULT '' NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE asked_point (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	name VARCHAR(60) NOT NULL,
	said_id VARCHAR(32) NOT NULL,
	asked_by VARCHAR(40) NOT NULL,
	agreed_by VARCHAR(40) NOT NULL,
	asked_at DATETIME NOT NULL,
	over_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE network_identity_bridge (
	backend_id VARCHAR(32) NOT NULL,
	url VARCHAR(300) NOT NULL,
	sealed_secret BLOB NOT NULL,
	attests_names BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (backend_id)
);
CREATE TABLE network_identity_visit (
	id VARCHAR(64) NOT NULL,
	backend_id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	visit VARCHAR(64) NOT NULL,
	sealed BLOB NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE tag_said (
	blind VARCHAR(80) NOT NULL,
	subject VARCHAR(80) NOT NULL,
	key_id VARCHAR(40) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	chosen BOOLEAN NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (blind, request_id)
);
CREATE TABLE request_clock (
	request_id VARCHAR(32) NOT NULL,
	stage INTEGER NOT NULL,
	mailed INTEGER NOT NULL,
	told_at DATETIME NOT NULL,
	idle_at DATETIME,
	idle_mailed BOOLEAN NOT NULL, hooked INTEGER DEFAULT '0' NOT NULL, idle_hooked BOOLEAN DEFAULT 1 NOT NULL,
	PRIMARY KEY (request_id)
);
CREATE TABLE extension (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	reason VARCHAR(60) NOT NULL,
	said_id VARCHAR(32) NOT NULL,
	asked_by VARCHAR(40) NOT NULL,
	asked_at DATETIME NOT NULL,
	notice_id VARCHAR(32) NOT NULL,
	state VARCHAR(12) NOT NULL,
	first_due_at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	promised_at DATETIME NOT NULL,
	settled_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE clock_pause (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	cause VARCHAR(24) NOT NULL,
	began_by VARCHAR(40) NOT NULL,
	began_at DATETIME NOT NULL,
	ended_at DATETIME,
	ended_by VARCHAR(12) NOT NULL,
	counted_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE schedule_warning (
	place VARCHAR(40) NOT NULL,
	year INTEGER NOT NULL,
	warned_at DATETIME NOT NULL,
	mailed BOOLEAN NOT NULL,
	PRIMARY KEY (place, year)
);
CREATE TABLE staff_login (
	staff_id VARCHAR(32) NOT NULL,
	password VARCHAR(200) NOT NULL,
	password_at DATETIME,
	totp BLOB NOT NULL,
	totp_step INTEGER NOT NULL,
	recovery JSON NOT NULL,
	tries INTEGER NOT NULL,
	blocked_until DATETIME,
	code_tries INTEGER NOT NULL,
	code_blocked_until DATETIME,
	account VARCHAR(80) NOT NULL,
	PRIMARY KEY (staff_id)
);
CREATE TABLE staff_invitation (
	id VARCHAR(64) NOT NULL,
	staff_id VARCHAR(32) NOT NULL,
	made_by VARCHAR(60) NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE staff_session (
	id VARCHAR(64) NOT NULL,
	public_id VARCHAR(32) NOT NULL,
	staff_id VARCHAR(32) NOT NULL,
	stage VARCHAR(8) NOT NULL,
	agent VARCHAR(160) NOT NULL,
	pending BLOB NOT NULL,
	created_at DATETIME NOT NULL,
	seen_at DATETIME NOT NULL,
	proved_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (public_id)
);
CREATE TABLE saved_view (
	id VARCHAR(32) NOT NULL,
	staff_id VARCHAR(32) NOT NULL,
	name VARCHAR(60) NOT NULL,
	"query" VARCHAR(1000) NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE assignment (
	request_id VARCHAR(32) NOT NULL,
	staff_id VARCHAR(32) NOT NULL,
	assigned_by VARCHAR(60) NOT NULL,
	assigned_at DATETIME NOT NULL,
	PRIMARY KEY (request_id)
);
CREATE TABLE figures (
	name VARCHAR(40) NOT NULL,
	body JSON NOT NULL,
	made_at DATETIME NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE staff_passkey (
	id VARCHAR(32) NOT NULL,
	staff_id VARCHAR(32) NOT NULL,
	credential VARCHAR(80) NOT NULL,
	sealed BLOB NOT NULL,
	public_key BLOB NOT NULL,
	sign_count BIGINT NOT NULL,
	created_at DATETIME NOT NULL,
	last_used_at DATETIME,
	PRIMARY KEY (id),
	UNIQUE (credential)
);
CREATE TABLE security_incident (
	id VARCHAR(32) NOT NULL,
	kind VARCHAR(20) NOT NULL,
	severity VARCHAR(20) NOT NULL,
	operator VARCHAR(20) NOT NULL,
	endangers BOOLEAN NOT NULL,
	minors BOOLEAN NOT NULL,
	drill BOOLEAN NOT NULL,
	regimes JSON NOT NULL,
	discovered_at DATETIME NOT NULL,
	opened_at DATETIME NOT NULL,
	opened_by VARCHAR(40) NOT NULL,
	touched_from DATETIME,
	touched_to DATETIME,
	by_kind VARCHAR(12) NOT NULL,
	by_id VARCHAR(32) NOT NULL,
	key_id VARCHAR(32) NOT NULL,
	subjects JSON NOT NULL,
	closed_at DATETIME,
	closed_by VARCHAR(40) NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE incident_clock (
	incident_id VARCHAR(32) NOT NULL,
	name VARCHAR(20) NOT NULL,
	due_at DATETIME NOT NULL,
	answered_at DATETIME,
	answered_by VARCHAR(40) NOT NULL,
	reference VARCHAR(80) NOT NULL,
	reason_id VARCHAR(32) NOT NULL,
	stage INTEGER NOT NULL,
	mailed INTEGER NOT NULL,
	PRIMARY KEY (incident_id, name)
);
CREATE TABLE incident_told (
	id VARCHAR(32) NOT NULL,
	letter_id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	role VARCHAR(16) NOT NULL,
	contact_id VARCHAR(32) NOT NULL,
	state VARCHAR(12) NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (letter_id, request_id, role, contact_id)
);
CREATE TABLE duty_term (
	duty VARCHAR(60) NOT NULL,
	due DATE NOT NULL,
	done_on DATE,
	reference VARCHAR(200) NOT NULL,
	done_by VARCHAR(40) NOT NULL,
	done_at DATETIME,
	told VARCHAR(8) NOT NULL,
	mailed BOOLEAN NOT NULL,
	PRIMARY KEY (duty, due)
);
CREATE TABLE setting_value (
	name VARCHAR(60) NOT NULL,
	value VARCHAR(60) NOT NULL,
	changed_by VARCHAR(32) NOT NULL,
	agreed_by VARCHAR(32) NOT NULL,
	changed_at DATETIME,
	PRIMARY KEY (name)
);
CREATE TABLE setting_proposal (
	id VARCHAR(32) NOT NULL,
	name VARCHAR(60) NOT NULL,
	value VARCHAR(60) NOT NULL,
	"before" VARCHAR(60) NOT NULL,
	because VARCHAR(300) NOT NULL,
	proposed_by VARCHAR(32) NOT NULL,
	proposed_at DATETIME NOT NULL,
	outcome VARCHAR(12) NOT NULL,
	decided_by VARCHAR(32) NOT NULL,
	decided_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE ask_proposal (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	said_id VARCHAR(32) NOT NULL,
	proposed_by VARCHAR(32) NOT NULL,
	proposed_at DATETIME NOT NULL,
	outcome VARCHAR(12) NOT NULL,
	decided_by VARCHAR(32) NOT NULL,
	decided_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE "incident_letter" (
	id VARCHAR(32) NOT NULL,
	incident_id VARCHAR(32) NOT NULL,
	writing_id VARCHAR(32) NOT NULL,
	made_by VARCHAR(40) NOT NULL,
	made_at DATETIME NOT NULL,
	reached VARCHAR(80) NOT NULL,
	spread_at DATETIME,
	untold BOOLEAN DEFAULT 0 NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE store_schema (
	store VARCHAR(63) NOT NULL,
	tables JSON NOT NULL,
	since DATETIME NOT NULL,
	PRIMARY KEY (store)
);
CREATE TABLE store_change (
	id VARCHAR(32) NOT NULL,
	store VARCHAR(63) NOT NULL,
	sign VARCHAR(1) NOT NULL,
	what VARCHAR(12) NOT NULL,
	place VARCHAR(400) NOT NULL,
	was VARCHAR(80) NOT NULL,
	is_now VARCHAR(80) NOT NULL,
	seen_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE published_report (
	name VARCHAR(40) NOT NULL,
	body JSON NOT NULL,
	made_at DATETIME NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE task_document (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	step_id VARCHAR(120) NOT NULL,
	wrapped_key BLOB NOT NULL,
	file_id VARCHAR(32) NOT NULL,
	size INTEGER NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	media_type VARCHAR(20) NOT NULL,
	uploaded_by VARCHAR(60) NOT NULL,
	uploaded_at DATETIME NOT NULL,
	kept_at DATETIME,
	destroy_at DATETIME,
	destroyed_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE alert (
	about VARCHAR(32) NOT NULL,
	what VARCHAR(20) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	stage INTEGER NOT NULL,
	told_at DATETIME NOT NULL,
	mailed INTEGER NOT NULL,
	hooked INTEGER NOT NULL,
	PRIMARY KEY (about, what)
);
CREATE TABLE declared_map (
	id VARCHAR(32) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	stores JSON NOT NULL,
	since DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE trail_check (
	id INTEGER NOT NULL,
	begun_at DATETIME NOT NULL,
	seen_at DATETIME NOT NULL,
	ended_at DATETIME,
	outcome VARCHAR(12) NOT NULL,
	chains INTEGER NOT NULL,
	entries BIGINT NOT NULL,
	checkpoints INTEGER NOT NULL,
	problems INTEGER NOT NULL,
	first_problems JSON NOT NULL,
	mailed BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE "package" (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	state VARCHAR(12) NOT NULL,
	wrapped_key BLOB NOT NULL,
	blob VARCHAR(200) NOT NULL,
	sealed_size INTEGER NOT NULL,
	size INTEGER NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	complete BOOLEAN NOT NULL,
	missing JSON NOT NULL,
	grants_used INTEGER NOT NULL,
	grants_max INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME,
	purged_at DATETIME,
	undecided BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE part_proposal (
	id VARCHAR(32) NOT NULL,
	request_id VARCHAR(32) NOT NULL,
	parts JSON NOT NULL,
	regimes JSON NOT NULL,
	facts_id VARCHAR(32) NOT NULL,
	answer_id VARCHAR(32) NOT NULL,
	proposed_by VARCHAR(32) NOT NULL,
	proposed_at DATETIME NOT NULL,
	outcome VARCHAR(12) NOT NULL,
	decided_by VARCHAR(32) NOT NULL,
	decided_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE "webhook_delivery" (
	id VARCHAR(32) NOT NULL,
	subscription_id VARCHAR(32) NOT NULL,
	event_id VARCHAR(40) NOT NULL,
	event VARCHAR(60) NOT NULL,
	body VARCHAR NOT NULL,
	state VARCHAR(12) NOT NULL,
	attempts INTEGER NOT NULL,
	last_status INTEGER NOT NULL,
	next_at DATETIME,
	created_at DATETIME NOT NULL,
	delivered_at DATETIME,
	request_id VARCHAR(32) NOT NULL,
	tried_at DATETIME,
	PRIMARY KEY (id)
);
CREATE TABLE "asked_report" (
	id VARCHAR(32) NOT NULL,
	first_day DATE NOT NULL,
	last_day DATE NOT NULL,
	items VARCHAR(60) NOT NULL,
	state VARCHAR(10) NOT NULL,
	code VARCHAR(40) NOT NULL,
	available VARCHAR(40) NOT NULL,
	asked_by VARCHAR(60) NOT NULL,
	asked_at DATETIME NOT NULL,
	made_at DATETIME,
	body JSON,
	expires_at DATETIME NOT NULL,
	report VARCHAR(20) NOT NULL,
	public BOOLEAN NOT NULL,
	signed BOOLEAN NOT NULL,
	shape JSON NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE clock_mark (
	id INTEGER NOT NULL,
	seen_at DATETIME NOT NULL,
	settled_at DATETIME NOT NULL,
	since DATETIME,
	PRIMARY KEY (id)
);
CREATE INDEX ix_aftercare_due ON aftercare (next_at);
CREATE INDEX ix_aftercare_made ON aftercare (kind, created_at, id);
CREATE INDEX ix_aftercare_request_id ON aftercare (request_id);
CREATE INDEX ix_aftercare_store ON aftercare (kind, state, store);
CREATE INDEX ix_alert_request_id ON alert (request_id);
CREATE INDEX ix_alert_unhooked ON alert (told_at) WHERE hooked < stage;
CREATE INDEX ix_alert_unmailed ON alert (told_at) WHERE mailed < stage;
CREATE INDEX ix_appeal_decided_at ON appeal (decided_at);
CREATE INDEX ix_appeal_received ON appeal (received_at, id);
CREATE INDEX ix_arrangement_subject ON arrangement (subject, version);
CREATE INDEX ix_ask_proposal_request_id ON ask_proposal (request_id);
CREATE INDEX ix_asked_point_request_id ON asked_point (request_id);
CREATE INDEX ix_asked_report_asked_at ON asked_report (asked_at);
CREATE INDEX ix_assignment_staff_id ON assignment (staff_id);
CREATE INDEX ix_backend_key_backend_id ON backend_key (backend_id);
CREATE INDEX ix_capsule_acted_at ON capsule (acted_at);
CREATE INDEX ix_capsule_expires_at ON capsule (expires_at);
CREATE INDEX ix_challenge_request_id ON challenge (request_id);
CREATE INDEX ix_checkpoint_leaf_chain ON checkpoint_leaf (chain);
CREATE INDEX ix_clock_pause_counted_at ON clock_pause (counted_at);
CREATE INDEX ix_clock_pause_request_id ON clock_pause (request_id);
CREATE INDEX ix_complaint_answered_at ON complaint (answered_at);
CREATE INDEX ix_complaint_backend_id ON complaint (backend_id);
CREATE INDEX ix_complaint_received ON complaint (received_at, id);
CREATE INDEX ix_complaint_request_id ON complaint (request_id);
CREATE INDEX ix_complaint_subject ON complaint (subject);
CREATE INDEX ix_complaint_unconfirmed ON complaint (ack_at, id) WHERE ack_at IS NOT NULL AND acked_at IS NULL;
CREATE INDEX ix_consent_subject_purpose ON consent (subject, purpose, id);
CREATE INDEX ix_contact_warning_expires_at ON contact_warning (expires_at);
CREATE INDEX ix_contact_warning_mark ON contact_warning (mark);
CREATE INDEX ix_contact_warning_request_id ON contact_warning (request_id);
CREATE INDEX ix_content_approval_asked_at ON content_approval (asked_at);
CREATE INDEX ix_content_approval_request_id ON content_approval (request_id);
CREATE INDEX ix_correction_guard_person ON correction_guard (person);
CREATE INDEX ix_correction_guard_request_id ON correction_guard (request_id);
CREATE INDEX ix_declared_map_since ON declared_map (since);
CREATE INDEX ix_delivery_dead ON webhook_delivery (subscription_id, created_at, id) WHERE state = 'dead';
CREATE INDEX ix_delivery_due ON webhook_delivery (state, next_at);
CREATE INDEX ix_denial_proposal_request_id ON denial_proposal (request_id);
CREATE INDEX ix_disputed_value_person ON disputed_value (person);
CREATE INDEX ix_disputed_value_request_id ON disputed_value (request_id);
CREATE INDEX ix_entry_actor ON entry (actor, at, id) WHERE substr(chain, 1, 4) = 'day:' OR substr(actor, 1, 6) = 'staff:';
CREATE INDEX ix_entry_day_event ON entry (event, chain, seq) WHERE substr(chain, 1, 4) = 'day:';
CREATE INDEX ix_evidence_due ON evidence (destroyed_at, destroy_at);
CREATE INDEX ix_evidence_request_id ON evidence (request_id);
CREATE INDEX ix_extension_notice_id ON extension (notice_id);
CREATE INDEX ix_extension_request_id ON extension (request_id);
CREATE INDEX ix_grant_package_id ON grant (package_id);
CREATE INDEX ix_held_rows_due ON held_rows (state, next_at);
CREATE INDEX ix_held_rows_hold_id ON held_rows (hold_id);
CREATE INDEX ix_held_rows_latest ON held_rows (latest);
CREATE INDEX ix_held_rows_request_id ON held_rows (request_id);
CREATE INDEX ix_hold_approval_path ON hold_approval (path);
CREATE INDEX ix_hold_exception_path ON hold_exception (path);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE INDEX ix_identifier_blind ON identifier (blind);
CREATE INDEX ix_identifier_request_id ON identifier (request_id);
CREATE INDEX ix_incident_letter_incident_id ON incident_letter (incident_id);
CREATE INDEX ix_incident_letter_spread_at ON incident_letter (spread_at);
CREATE INDEX ix_incident_told_request_id ON incident_told (request_id);
CREATE INDEX ix_journal_request_id ON journal (request_id);
CREATE INDEX ix_journal_step ON journal (step_id);
CREATE INDEX ix_key_challenge_expires_at ON key_challenge (expires_at);
CREATE INDEX ix_key_letter_created_at ON key_letter (created_at);
CREATE INDEX ix_key_letter_subject ON key_letter (subject);
CREATE INDEX ix_key_letter_visit ON key_letter (visit);
CREATE INDEX ix_key_proof_request_id ON key_proof (request_id);
CREATE INDEX ix_legal_hold_blind ON legal_hold (blind);
CREATE INDEX ix_lookup_expires_at ON lookup (expires_at);
CREATE INDEX ix_lookup_request_id ON lookup (request_id);
CREATE INDEX ix_network_identity_visit_expires_at ON network_identity_visit (expires_at);
CREATE INDEX ix_network_identity_visit_request_id ON network_identity_visit (request_id);
CREATE INDEX ix_nonce_expires_at ON nonce (expires_at);
CREATE INDEX ix_notice_given_up ON notice (request_id) WHERE state IN ('failed', 'refused', 'unaddressed');
CREATE INDEX ix_notice_next_at ON notice (next_at);
CREATE INDEX ix_notice_request_id ON notice (request_id);
CREATE INDEX ix_outbox_waiting ON outbox (sent_at, not_before, id);
CREATE INDEX ix_package_alive ON package (state, expires_at);
CREATE INDEX ix_package_request_id ON package (request_id);
CREATE INDEX ix_package_undecided ON package (expires_at) WHERE undecided;
CREATE INDEX ix_part_proposal_request_id ON part_proposal (request_id);
CREATE INDEX ix_person_key_subject ON person_key (subject);
CREATE INDEX ix_plan_under ON "plan" (request_id, config_hash);
CREATE INDEX ix_portal_session_expires_at ON portal_session (expires_at);
CREATE INDEX ix_preference_request_id ON preference (request_id);
CREATE INDEX ix_preference_waiting ON preference (effective_at, changed_at);
CREATE INDEX ix_proof_try_blind ON proof_try (blind, at);
CREATE INDEX ix_proof_try_lookup_id ON proof_try (lookup_id);
CREATE INDEX ix_proof_try_request_id ON proof_try (request_id);
CREATE INDEX ix_released_value_person ON released_value (person);
CREATE INDEX ix_released_value_request_id ON released_value (request_id);
CREATE INDEX ix_representative_contact_blind ON representative_contact (blind);
CREATE INDEX ix_representative_contact_request_id ON representative_contact (request_id);
CREATE INDEX ix_request_backend_received ON request (backend_id, received_at, id);
CREATE INDEX ix_request_clock_unhooked ON request_clock (told_at) WHERE hooked < stage OR NOT idle_hooked;
CREATE INDEX ix_request_closed ON request (closed_at);
CREATE INDEX ix_request_fingerprint ON request (fingerprint);
CREATE INDEX ix_request_next_at ON request (next_at);
CREATE INDEX ix_request_open ON request (promised_at, id) WHERE closed_at IS NULL;
CREATE INDEX ix_request_promised ON request (promised_at, id);
CREATE INDEX ix_request_received ON request (received_at, id);
CREATE INDEX ix_request_subject ON request (subject);
CREATE INDEX ix_request_unconfirmed ON request (ack_at, id) WHERE ack_at IS NOT NULL AND acked_at IS NULL;
CREATE INDEX ix_request_wait ON request (wait, state) WHERE closed_at IS NULL;
CREATE INDEX ix_request_waiting ON request (received_at, id) WHERE closed_at IS NULL;
CREATE INDEX ix_saved_view_staff_id ON saved_view (staff_id);
CREATE INDEX ix_sealed_note_request_id ON sealed_note (request_id);
CREATE INDEX ix_security_incident_closed_at ON security_incident (closed_at);
CREATE INDEX ix_sign_in_expires_at ON sign_in (expires_at);
CREATE INDEX ix_staff_invitation_expires_at ON staff_invitation (expires_at);
CREATE INDEX ix_staff_invitation_staff_id ON staff_invitation (staff_id);
CREATE INDEX ix_staff_passkey_staff_id ON staff_passkey (staff_id);
CREATE INDEX ix_staff_session_expires_at ON staff_session (expires_at);
CREATE INDEX ix_staff_session_staff_id ON staff_session (staff_id);
CREATE INDEX ix_step_drift ON step (request_id) WHERE code = 'drift';
CREATE INDEX ix_step_request ON step (request_id, phase);
CREATE INDEX ix_step_sweep ON step (state, next_at);
CREATE INDEX ix_store_change ON store_change (store, seen_at);
CREATE INDEX ix_store_turn_holder ON store_turn (holder);
CREATE INDEX ix_store_turn_line ON store_turn (store, begun_at, queue, since);
CREATE INDEX ix_store_turn_rung ON store_turn (store, rung_at);
CREATE INDEX ix_subject_lock_request_id ON subject_lock (request_id);
CREATE INDEX ix_suppression_expires_at ON suppression (expires_at);
CREATE INDEX ix_suppression_key_id ON suppression (key_id);
CREATE INDEX ix_suppression_request_id ON suppression (request_id);
CREATE INDEX ix_tag_kept_away_key_id ON tag_kept_away (key_id);
CREATE INDEX ix_tag_kept_away_request_id ON tag_kept_away (request_id);
CREATE INDEX ix_tag_kept_away_subject ON tag_kept_away (subject);
CREATE INDEX ix_tag_said_key_id ON tag_said (key_id);
CREATE INDEX ix_tag_said_request_id ON tag_said (request_id);
CREATE INDEX ix_tag_said_subject ON tag_said (subject);
CREATE INDEX ix_task_document_due ON task_document (destroyed_at, destroy_at);
CREATE INDEX ix_task_document_request_id ON task_document (request_id);
CREATE INDEX ix_warning_due_next_at ON warning_due (next_at);
CREATE INDEX ix_webhook_delivery_subscription_id ON webhook_delivery (subscription_id);
CREATE INDEX ix_webhook_subscription_backend_id ON webhook_subscription (backend_id);
CREATE INDEX ix_writing_request_id ON writing (request_id);
CREATE UNIQUE INDEX ux_setting_proposal_waiting ON setting_proposal (name) WHERE outcome = '';
CREATE UNIQUE INDEX ux_staff_login_account ON staff_login (account) WHERE account <> '';
CREATE TRIGGER entry_kept BEFORE DELETE ON entry
    WHEN NOT EXISTS (SELECT 1 FROM checkpoint_leaf AS leaf WHERE leaf.chain = OLD.chain
                     AND leaf.seq >= OLD.seq AND leaf.purged_at IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'entries of the audit trail are removed by a purge on record'); END;
CREATE TRIGGER entry_unchanged BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the audit trail is never changed'); END;
INSERT INTO alembic_version (version_num) VALUES ('0060');
