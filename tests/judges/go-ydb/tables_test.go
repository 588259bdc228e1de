package judge

import (
	"context"
	"errors"
	"path"
	"strings"
	"testing"

	"github.com/ydb-platform/ydb-go-sdk/v3"
	"github.com/ydb-platform/ydb-go-sdk/v3/table"
	"github.com/ydb-platform/ydb-go-sdk/v3/table/options"
	"github.com/ydb-platform/ydb-go-sdk/v3/table/result/named"
	"github.com/ydb-platform/ydb-go-sdk/v3/table/types"
)

// people makes a table: id, name, age, and an index by name.
func people(ctx context.Context, t *testing.T, db *ydb.Driver) string {
	t.Helper()
	own := path.Join(db.Name(), ownName(t))
	must(t, db.Table().Do(ctx, func(ctx context.Context, s table.Session) error {
		return s.CreateTable(ctx, own,
			options.WithColumn("id", types.TypeUint64),
			options.WithColumn("name", types.Optional(types.TypeText)),
			options.WithColumn("age", types.Optional(types.TypeInt32)),
			options.WithPrimaryKeyColumn("id"),
			options.WithIndex("by_name", options.WithIndexColumns("name"), options.WithIndexType(options.GlobalIndex())),
		)
	}))
	return own
}

func person(id uint64, name string, age int32) types.Value {
	return types.StructValue(
		types.StructFieldValue("id", types.Uint64Value(id)),
		types.StructFieldValue("name", types.TextValue(name)),
		types.StructFieldValue("age", types.Int32Value(age)),
	)
}

var everybody = types.ListValue(person(1, "ann", 30), person(2, "bob", 4), person(3, "ann", 7))

func TestTableIsDescribed(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := people(ctx, t, db)
	must(t, db.Table().Do(ctx, func(ctx context.Context, s table.Session) error {
		found, err := s.DescribeTable(ctx, own)
		if err != nil {
			return err
		}
		equal(t, strings.Join(found.PrimaryKey, ","), "id")
		equal(t, len(found.Columns), 3)
		equal(t, found.Columns[1].Type.Yql(), "Optional<Utf8>")
		equal(t, found.Indexes[0].Name, "by_name")
		return nil
	}))
}

func TestTableIsAltered(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := people(ctx, t, db)
	must(t, db.Table().Do(ctx, func(ctx context.Context, s table.Session) error {
		err := s.AlterTable(ctx, own,
			options.WithAddColumn("city", types.Optional(types.TypeText)),
			options.WithDropColumn("age"),
		)
		if err != nil {
			return err
		}
		found, err := s.DescribeTable(ctx, own)
		if err != nil {
			return err
		}
		names := make([]string, 0, len(found.Columns))
		for _, column := range found.Columns {
			names = append(names, column.Name)
		}
		equal(t, strings.Join(names, ","), "id,name,city")
		return nil
	}))
}

func TestBulkUpsertAndReadRows(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := people(ctx, t, db)
	must(t, db.Table().BulkUpsert(ctx, own, table.BulkUpsertDataRows(everybody)))
	keys := types.ListValue(
		types.StructValue(types.StructFieldValue("id", types.Uint64Value(3))),
		types.StructValue(types.StructFieldValue("id", types.Uint64Value(8))),
	)
	found, err := db.Table().ReadRows(ctx, own, keys, nil)
	must(t, err)
	defer func() { _ = found.Close() }()
	names := 0
	for found.NextResultSet(ctx) {
		for found.NextRow() {
			var name *string
			must(t, found.ScanNamed(named.Optional("name", &name)))
			equal(t, *name, "ann")
			names++
		}
	}
	equal(t, names, 1)
}

func TestTransactionWithList(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := people(ctx, t, db)
	const upsert = `DECLARE $rows AS List<Struct<id: Uint64, name: Utf8, age: Int32>>;
		UPSERT INTO %s SELECT id, name, age FROM AS_TABLE($rows)`
	var total int32
	must(t, db.Table().DoTx(ctx, func(ctx context.Context, tx table.TransactionActor) error {
		_, err := tx.Execute(ctx, strings.ReplaceAll(upsert, "%s", "`"+own+"`"),
			table.NewQueryParameters(table.ValueParam("$rows", everybody)))
		if err != nil {
			return err
		}
		found, err := tx.Execute(ctx, "SELECT age FROM `"+own+"` VIEW by_name WHERE name = 'ann'u ORDER BY age", nil)
		if err != nil {
			return err
		}
		defer func() { _ = found.Close() }()
		total = 0
		for found.NextResultSet(ctx) {
			for found.NextRow() {
				var age *int32
				if err := found.ScanNamed(named.Optional("age", &age)); err != nil {
					return err
				}
				total += *age
			}
		}
		return found.Err()
	}))
	equal(t, total, 37)
}

func TestMissingTableIsSchemeError(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	err := db.Table().Do(ctx, func(ctx context.Context, s table.Session) error {
		_, _, err := s.Execute(ctx, table.DefaultTxControl(), "SELECT id FROM nothing", nil)
		return err
	})
	if !ydb.IsOperationErrorSchemeError(err) {
		t.Fatalf("no scheme error: %v", err)
	}
}

func TestLostRaceIsRepeated(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := people(ctx, t, db)
	must(t, db.Table().BulkUpsert(ctx, own, table.BulkUpsertDataRows(everybody)))
	tries := 0
	must(t, db.Table().DoTx(ctx, func(ctx context.Context, tx table.TransactionActor) error {
		tries++
		found, err := tx.Execute(ctx, "SELECT age FROM `"+own+"` WHERE id = 1", nil)
		if err != nil {
			return err
		}
		_ = found.Close()
		if tries == 1 {
			must(t, db.Table().BulkUpsert(ctx, own, table.BulkUpsertDataRows(types.ListValue(person(1, "eve", 1)))))
		}
		_, err = tx.Execute(ctx, "UPDATE `"+own+"` SET age = age + 1 WHERE id = 1", nil)
		return err
	}, table.WithIdempotent()))
	equal(t, tries, 2)
}

func TestStreamReadTable(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := people(ctx, t, db)
	must(t, db.Table().BulkUpsert(ctx, own, table.BulkUpsertDataRows(everybody)))
	count := 0
	must(t, db.Table().Do(ctx, func(ctx context.Context, s table.Session) error {
		found, err := s.StreamReadTable(ctx, own, options.ReadOrdered(), options.ReadColumn("id"))
		if err != nil {
			return err
		}
		defer func() { _ = found.Close() }()
		count = 0
		for found.NextResultSet(ctx) {
			for found.NextRow() {
				count++
			}
		}
		return found.Err()
	}))
	equal(t, count, 3)
}

func TestDirectories(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := path.Join(db.Name(), ownName(t))
	must(t, db.Scheme().MakeDirectory(ctx, own))
	found, err := db.Scheme().ListDirectory(ctx, db.Name())
	must(t, err)
	listed := false
	for _, child := range found.Children {
		listed = listed || (child.Name == path.Base(own) && child.IsDirectory())
	}
	equal(t, listed, true)
	must(t, db.Scheme().RemoveDirectory(ctx, own))
	_, err = db.Scheme().DescribePath(ctx, own)
	if err == nil {
		t.Fatal("a removed directory is described")
	}
}

func TestWrongTokenIsUnauthenticated(t *testing.T) {
	ctx := patient(t)
	source := variable(t, "JUDGE_ENDPOINT") + variable(t, "JUDGE_DATABASE")
	driver, err := ydb.Open(ctx, source, ydb.WithAccessTokenCredentials("t1.wrong"))
	if err == nil {
		_ = driver.Close(ctx)
		t.Fatal("a wrong token is accepted")
	}
	if errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Unauthenticated") {
		t.Fatalf("not unauthenticated: %v", err)
	}
}
