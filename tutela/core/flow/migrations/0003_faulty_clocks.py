from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0003_intake"),
        ("flow", "0002_row_security"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="clockrow",
            index=models.Index(
                condition=models.Q(("failures__gt", 0), ("stopped_at", None)),
                fields=["id"],
                name="flow_clock_faulty",
            ),
        ),
    ]
